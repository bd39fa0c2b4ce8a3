// SPDX-License-Identifier: Apache-2.0
// Sorted terms are handed to Lucene++ as if they were an index that it merges into an empty one: measured three times as
// fast as its analysis of documents, and the files are the same.
#include <lucene++/LuceneHeaders.h>  // before the others, which need it

#include <fmt/format.h>
#include <lucene++/BufferedIndexOutput.h>
#include <lucene++/IndexInput.h>
#include <lucene++/NoLockFactory.h>
#include <lucene++/SerialMergeScheduler.h>
#include <lucene++/Term.h>
#include <lucene++/TermEnum.h>
#include <lucene++/TermPositions.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/crc.hpp"
#include "index/lucene.hpp"
#include "index/lucene_support.hpp"
#include "index/stored_fields.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::index {
namespace {

constexpr std::string_view kSegmentsPrefix = "segments_";
// Every so many terms Lucene++ keeps one in memory; between them it reads on. Its own value is 128; at 1024 opening takes
// less than half of the time and a look-up no longer.
constexpr std::int32_t kTermIndexInterval = 1024;

std::string narrow(const Lucene::String& wide) {
    std::string out;
    assign_utf8(out, wide);
    return out;
}

/// The version in a segments file begins with the time of day: puts 1 there, and the checksum right.
/// Layout: Lucene 3.0, file formats, segments_N: format i32, version i64, ..., CRC-32 of all before as i64.
void fix_version(ByteBuffer& segments) {
    constexpr std::size_t kVersionAt = 4;
    constexpr std::size_t kChecksumBytes = 8;
    if (segments.size() < kVersionAt + 8 + kChecksumBytes) {
        return;
    }
    wire::store_big<std::int64_t>(segments.data() + kVersionAt, 1);
    const std::size_t covered = segments.size() - kChecksumBytes;
    wire::store_big<std::int64_t>(segments.data() + covered, crc32_ieee(segments.bytes().first(covered)));
}

class Output final : public Lucene::BufferedIndexOutput {
  public:
    Output(std::shared_ptr<io::WritableFile> file, bool is_segments, Failure& failure)
        : file_(std::move(file)), is_segments_(is_segments), failure_(failure) {}

    void flushBuffer(const std::uint8_t* b, std::int32_t offset, std::int32_t length) override {
        const auto bytes = std::as_bytes(std::span(b + offset, static_cast<std::size_t>(length)));
        if (is_segments_) {
            content_.resize(std::max(content_.size(), static_cast<std::size_t>(at_) + bytes.size()));
            std::copy(bytes.begin(), bytes.end(), content_.data() + at_);
        } else if (const auto written = file_->write_at(at_, bytes); !written) {
            failure_.raise(written.error());
        }
        at_ += bytes.size();
        size_ = std::max(size_, at_);
    }
    void seek(std::int64_t pos) override {
        BufferedIndexOutput::seek(pos);
        at_ = static_cast<std::uint64_t>(pos);
    }
    std::int64_t length() override { return static_cast<std::int64_t>(size_); }
    void close() override {
        if (!file_) {
            return;
        }
        BufferedIndexOutput::close();
        if (is_segments_) {
            fix_version(content_);
            if (const auto written = file_->write_at(0, content_.bytes()); !written) {
                failure_.raise(written.error());
            }
        }
        file_.reset();
    }

  private:
    std::shared_ptr<io::WritableFile> file_;
    bool is_segments_;
    Failure& failure_;
    std::uint64_t at_ = 0;
    std::uint64_t size_ = 0;
    ByteBuffer content_;  // of a segments file, until it is closed
};

/// A directory of a file system.
class OutputDirectory final : public Lucene::Directory {
  public:
    OutputDirectory(io::Fs& fs, std::string path, Failure& failure) : fs_(fs), path_(std::move(path)), failure_(failure) {
        // One of its own: each directory writes a name into its lock factory, which the library's single one would share
        // with directories of other threads.
        setLockFactory(Lucene::newLucene<Lucene::NoLockFactory>());
    }

    Lucene::HashSet<Lucene::String> listAll() override {
        auto names = Lucene::HashSet<Lucene::String>::newInstance();
        const auto listed = fs_.list(path_);
        if (!listed) {
            failure_.raise(listed.error());
        }
        for (const std::string& name : *listed) {
            Lucene::String wide;
            assign_wide(wide, name);
            names.add(wide);
        }
        return names;
    }
    bool fileExists(const Lucene::String& name) override { return info(name).has_value(); }
    std::uint64_t fileModified(const Lucene::String& /*name*/) override { return 0; }
    void touchFile(const Lucene::String& /*name*/) override {}
    void deleteFile(const Lucene::String& name) override {
        if (const auto removed = fs_.remove(path_of(name)); !removed) {
            failure_.raise(removed.error());
        }
    }
    std::int64_t fileLength(const Lucene::String& name) override {
        const auto found = info(name);
        return found ? static_cast<std::int64_t>(found->size) : 0;
    }
    Lucene::IndexOutputPtr createOutput(const Lucene::String& name) override {
        // Lucene++ writes segments.gen anew with each commit.
        if (info(name)) {
            deleteFile(name);
        }
        auto file = fs_.create(path_of(name));
        if (!file) {
            failure_.raise(file.error());
        }
        return Lucene::newLucene<Output>(std::shared_ptr<io::WritableFile>(std::move(*file)),
                                         narrow(name).starts_with(kSegmentsPrefix), std::ref(failure_));
    }
    Lucene::IndexInputPtr openInput(const Lucene::String& name) override {
        // It looks for older commits, and reads what it wrote.
        if (!info(name)) {
            throw Lucene::FileNotFoundException(name);
        }
        return open_input(fs_.open(path_of(name)), failure_);
    }
    void sync(const Lucene::String& /*name*/) override {}
    void close() override {}

  private:
    [[nodiscard]] std::string path_of(const Lucene::String& name) const {
        return fmt::format("{}/{}", path_, narrow(name));
    }
    std::optional<io::FileInfo> info(const Lucene::String& name) {
        auto found = fs_.info(path_of(name));
        if (!found) {
            failure_.raise(found.error());
        }
        return *found;
    }

    io::Fs& fs_;
    std::string path_;
    Failure& failure_;
};

/// What the enumeration and the postings share.
struct RunState {
    TermRun& run;
    Ordinal records;
    Failure& failure;
};

class RunTerms final : public Lucene::TermEnum {
  public:
    explicit RunTerms(RunState& state) : state_(state) {
        for (std::size_t i = 0; i < kTermFields; ++i) {
            assign_wide(names_[i], kTermFieldNames[i]);
        }
    }

    bool next() override {
        const auto there = state_.run.next();
        if (!there) {
            state_.failure.raise(there.error());
        }
        there_ = *there;
        return there_;
    }
    Lucene::TermPtr term() override {
        if (!there_) {
            return {};
        }
        Lucene::String text;
        assign_wide(text, state_.run.term());
        return Lucene::newLucene<Lucene::Term>(names_[static_cast<std::size_t>(state_.run.field())], text);
    }
    std::int32_t docFreq() override { return static_cast<std::int32_t>(state_.run.postings().count()); }
    void close() override {}

  private:
    RunState& state_;
    std::array<Lucene::String, kTermFields> names_;
    bool there_ = false;
};

class RunPostings final : public Lucene::TermPositions, public Lucene::LuceneObject {
  public:
    explicit RunPostings(RunState& state) : state_(state) {}

    void seek(const Lucene::TermPtr& /*term*/) override { refuse(); }
    void seek(const Lucene::TermEnumPtr& /*terms*/) override { postings_ = state_.run.postings(); }
    bool next() override { return postings_.next(ordinal_); }
    std::int32_t doc() override { return static_cast<std::int32_t>(ordinal_); }
    std::int32_t freq() override { return 1; }
    std::int32_t read(Lucene::Collection<std::int32_t> /*docs*/, Lucene::Collection<std::int32_t> /*freqs*/) override {
        refuse();
    }
    bool skipTo(std::int32_t /*target*/) override { refuse(); }
    void close() override {}

  private:
    [[noreturn]] void refuse() {
        state_.failure.raise({.code = Errc::unsupported, .what = "Lucene++ reads postings otherwise"});
    }

    RunState& state_;
    PostingsView postings_;
    Ordinal ordinal_ = 0;
};

/// A run of terms in the shape of an index. What merging does not call gives nothing.
class RunReader final : public Lucene::IndexReader {
  public:
    explicit RunReader(RunState& state) : state_(state), document_(Lucene::newLucene<Lucene::Document>()) {}

    std::int32_t numDocs() override { return static_cast<std::int32_t>(state_.records); }
    std::int32_t maxDoc() override { return numDocs(); }
    bool isDeleted(std::int32_t /*n*/) override { return false; }
    bool hasDeletions() override { return false; }
    Lucene::DocumentPtr document(std::int32_t /*n*/, const Lucene::FieldSelectorPtr& /*selector*/) override {
        return document_;
    }
    Lucene::TermEnumPtr terms() override { return Lucene::newLucene<RunTerms>(std::ref(state_)); }
    Lucene::TermEnumPtr terms(const Lucene::TermPtr& /*from*/) override { return terms(); }
    std::int32_t docFreq(const Lucene::TermPtr& /*term*/) override { return 0; }
    Lucene::TermDocsPtr termDocs() override { return Lucene::newLucene<RunPostings>(std::ref(state_)); }
    Lucene::TermPositionsPtr termPositions() override { return Lucene::newLucene<RunPostings>(std::ref(state_)); }
    Lucene::HashSet<Lucene::String> getFieldNames(FieldOption option) override {
        auto names = Lucene::HashSet<Lucene::String>::newInstance();
        if (option == FIELD_OPTION_ALL || option == FIELD_OPTION_INDEXED ||
            option == FIELD_OPTION_OMIT_TERM_FREQ_AND_POSITIONS) {
            for (const std::string_view name : kTermFieldNames) {
                Lucene::String wide;
                assign_wide(wide, name);
                names.add(wide);
            }
        }
        return names;
    }
    bool hasNorms(const Lucene::String& /*field*/) override { return false; }
    Lucene::ByteArray norms(const Lucene::String& /*field*/) override { return {}; }
    void norms(const Lucene::String& /*field*/, Lucene::ByteArray /*norms*/, std::int32_t /*offset*/) override {}
    Lucene::Collection<Lucene::TermFreqVectorPtr> getTermFreqVectors(std::int32_t /*doc*/) override { return {}; }
    Lucene::TermFreqVectorPtr getTermFreqVector(std::int32_t /*doc*/, const Lucene::String& /*field*/) override {
        return {};
    }
    void getTermFreqVector(std::int32_t /*doc*/, const Lucene::String& /*field*/,
                           const Lucene::TermVectorMapperPtr& /*mapper*/) override {}
    void getTermFreqVector(std::int32_t /*doc*/, const Lucene::TermVectorMapperPtr& /*mapper*/) override {}
    Lucene::Collection<Lucene::IndexReaderPtr> getSequentialSubReaders() override { return {}; }

  protected:
    void doUndeleteAll() override {}
    void doSetNorm(std::int32_t /*doc*/, const Lucene::String& /*field*/, std::uint8_t /*value*/) override {}
    void doDelete(std::int32_t /*doc*/) override {}
    void doCommit(Lucene::MapStringString /*data*/) override {}
    void doClose() override {}

  private:
    RunState& state_;
    Lucene::DocumentPtr document_;  // an empty one: nothing is stored
};

void merge(const Lucene::DirectoryPtr& directory, RunState& state) {
    const auto writer = Lucene::newLucene<Lucene::IndexWriter>(directory, Lucene::newLucene<Lucene::KeywordAnalyzer>(),
                                                               true, Lucene::IndexWriter::MaxFieldLengthUNLIMITED);
    writer->setMergeScheduler(Lucene::newLucene<Lucene::SerialMergeScheduler>());
    writer->setUseCompoundFile(false);
    writer->setTermIndexInterval(kTermIndexInterval);
    auto readers = Lucene::Collection<Lucene::IndexReaderPtr>::newInstance();
    readers.add(Lucene::newLucene<RunReader>(std::ref(state)));
    writer->addIndexes(readers);
    if (writer->maxDoc() != static_cast<std::int32_t>(state.records)) {
        state.failure.raise(
            {.code = Errc::unsupported,
             .what = fmt::format("documents in the Lucene index; expected {}, got {}", state.records, writer->maxDoc())});
    }
    writer->close();
}

/// No terms.
class EmptyRun final : public TermRun {
  public:
    Result<bool> next() override { return false; }
    [[nodiscard]] TermField field() const override { return {}; }
    [[nodiscard]] std::string_view term() const override { return {}; }
    [[nodiscard]] PostingsView postings() const override { return {}; }
};

/// Lucene++ makes its single objects where they are first asked for, without a lock: asks for all that merging needs, once,
/// before several threads may. Like the directories here, the one in memory wants no lock.
void touch_statics() {
    static std::once_flag once;
    std::call_once(once, [] {
        Failure failure;
        EmptyRun run;
        RunState state{run, 1, failure};
        try {
            const auto directory = Lucene::newLucene<Lucene::RAMDirectory>();
            directory->setLockFactory(Lucene::newLucene<Lucene::NoLockFactory>());
            merge(directory, state);
        } catch (const std::exception&) {
            return;  // whoever writes will hear of it
        }
    });
}

/// Whether two files have the same content.
Result<bool> same_content(const io::ReadAt& a, const io::ReadAt& b) {
    constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
    std::vector<std::byte> of_a(kPieceBytes);
    std::vector<std::byte> of_b(kPieceBytes);
    for (std::uint64_t at = 0;; at += kPieceBytes) {
        const auto got_a = a.read_at(at, of_a);
        const auto got_b = b.read_at(at, of_b);
        if (!got_a || !got_b) {
            return got_a ? got_b.error() : got_a.error();
        }
        if (*got_a != *got_b ||
            !std::equal(of_a.begin(), of_a.begin() + static_cast<std::ptrdiff_t>(*got_a), of_b.begin())) {
            return false;
        }
        if (*got_a < kPieceBytes) {
            return true;
        }
    }
}

/// Removes the files of stored fields, which are made again when the index is read, if they are what is then made.
Result<void> drop_stored_fields(io::Fs& fs, const std::string& directory, Ordinal records) {
    for (const std::string_view name : kStoredFieldFiles) {
        const std::string path = fmt::format("{}/{}", directory, name);
        const auto file = fs.open(path);
        if (!file) {
            return file.error();
        }
        const auto same = same_content(**file, *stored_fields(name, records));
        if (!same) {
            return same.error().in_file(path);
        }
        if (!*same) {
            return Error{.code = Errc::unsupported, .what = "Lucene++ writes stored fields otherwise", .file = path};
        }
        if (auto removed = fs.remove(path); !removed) {
            return removed;
        }
    }
    return {};
}

}  // namespace

Result<void> write_lucene(io::Fs& fs, const std::string& directory, TermRun& run, Ordinal records) {
    touch_statics();
    Failure failure;
    RunState state{run, records, failure};
    try {
        merge(Lucene::newLucene<OutputDirectory>(std::ref(fs), directory, std::ref(failure)), state);
    } catch (const std::exception& e) {
        return failure.error.value_or(
            Error{.code = Errc::unsupported, .what = fmt::format("Lucene++: {}", e.what()), .file = directory});
    }
    // Lucene++ goes on where a file could not be removed.
    return failure.error ? Result<void>(*failure.error) : drop_stored_fields(fs, directory, records);
}

}  // namespace kseg::index
