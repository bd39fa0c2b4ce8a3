// SPDX-License-Identifier: Apache-2.0
#include <lucene++/LuceneHeaders.h>  // before the others, which need it

#include <fmt/format.h>
#include <lucene++/IndexInput.h>
#include <lucene++/NoLockFactory.h>
#include <lucene++/Term.h>
#include <lucene++/TermDocs.h>
#include <lucene++/TermEnum.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "index/lucene.hpp"
#include "index/lucene_support.hpp"
#include "index/stored_fields.hpp"

namespace kseg::index {
namespace {

constexpr std::int32_t kDocsAtOnce = 4096;

class InputDirectory final : public Lucene::Directory {
  public:
    InputDirectory(OpenFile open, std::vector<std::string> names, Failure& failure)
        : open_(std::move(open)), names_(std::move(names)), failure_(failure) {
        // One of its own: each directory writes a name into its lock factory, which the library's single one would share
        // with directories of other threads.
        setLockFactory(Lucene::newLucene<Lucene::NoLockFactory>());
    }

    Lucene::HashSet<Lucene::String> listAll() override {
        auto names = Lucene::HashSet<Lucene::String>::newInstance();
        for (const std::string& name : names_) {
            Lucene::String wide;
            assign_wide(wide, name);
            names.add(wide);
        }
        return names;
    }
    bool fileExists(const Lucene::String& name) override {
        std::string narrow;
        assign_utf8(narrow, name);
        return std::find(names_.begin(), names_.end(), narrow) != names_.end();
    }
    std::uint64_t fileModified(const Lucene::String& /*name*/) override { return 0; }
    std::int64_t fileLength(const Lucene::String& name) override { return openInput(name)->length(); }
    Lucene::IndexInputPtr openInput(const Lucene::String& name) override {
        if (!fileExists(name)) {
            throw Lucene::FileNotFoundException(name);
        }
        std::string narrow;
        assign_utf8(narrow, name);
        return open_input(open_(narrow), failure_);
    }
    Lucene::IndexInputPtr openInput(const Lucene::String& name, std::int32_t /*buffer_bytes*/) override {
        return openInput(name);
    }
    void touchFile(const Lucene::String& /*name*/) override { refuse(); }
    void deleteFile(const Lucene::String& /*name*/) override { refuse(); }
    Lucene::IndexOutputPtr createOutput(const Lucene::String& /*name*/) override { refuse(); }
    void close() override {}

  private:
    [[noreturn]] void refuse() {
        failure_.raise({.code = Errc::unsupported, .what = "Lucene++ writes where it only reads"});
    }

    OpenFile open_;
    std::vector<std::string> names_;
    Failure& failure_;
};

class LuceneTerms final : public TermIndex {
  public:
    explicit LuceneTerms(std::string where) : where_(std::move(where)) {}
    ~LuceneTerms() override {
        (void)guarded([this] {
            if (reader_) {
                reader_->close();
            }
        });
    }
    LuceneTerms(const LuceneTerms&) = delete;
    LuceneTerms& operator=(const LuceneTerms&) = delete;

    Result<void> open(const OpenFile& open, const std::vector<std::string>& names, Ordinal records) {
        return guarded([&] {
            reader_ = Lucene::IndexReader::open(Lucene::newLucene<InputDirectory>(open, names, std::ref(failure_)), true);
            const auto expected = static_cast<std::int32_t>(records);
            if (reader_->maxDoc() != expected || reader_->numDocs() != expected) {
                failure_.raise(
                    {.code = Errc::corrupt,
                     .what = fmt::format("documents in the Lucene index; expected {}, got {}", records, reader_->maxDoc()),
                     .file = where_});
            }
            docs_ = Lucene::Collection<std::int32_t>::newInstance(kDocsAtOnce);
            frequencies_ = Lucene::Collection<std::int32_t>::newInstance(kDocsAtOnce);
        });
    }

    Result<void> add_term(TermField field, std::string_view term, RecordSet& out) override {
        return guarded([&] {
            const auto postings = reader_->termDocs(term_of(field, term));
            take(postings, out);
        });
    }

    Result<void> scan_terms(TermField field, std::string_view from,
                            const std::function<TermVerdict(std::string_view)>& judge, RecordSet& out) override {
        return guarded([&] {
            const auto terms = reader_->terms(term_of(field, from));
            const auto postings = reader_->termDocs();
            Lucene::String wide_field;
            assign_wide(wide_field, kTermFieldNames[static_cast<std::size_t>(field)]);
            std::string text;
            for (auto term = terms->term(); term && term->field() == wide_field; term = terms->term()) {
                assign_utf8(text, term->text());
                const TermVerdict verdict = judge(text);
                if (verdict == TermVerdict::stop) {
                    break;
                }
                if (verdict == TermVerdict::take) {
                    postings->seek(terms);
                    take(postings, out);
                }
                if (!terms->next()) {
                    break;
                }
            }
        });
    }

  private:
    template <typename Step>
    Result<void> guarded(Step&& step) {
        try {
            step();
        } catch (const std::exception& e) {
            Error error = failure_.error.value_or(
                Error{.code = Errc::corrupt, .what = fmt::format("Lucene++: {}", e.what()), .file = where_});
            failure_.error.reset();
            return error;
        }
        return {};
    }

    static Lucene::TermPtr term_of(TermField field, std::string_view text) {
        Lucene::String wide_field;
        Lucene::String wide;
        assign_wide(wide_field, kTermFieldNames[static_cast<std::size_t>(field)]);
        assign_wide(wide, text);
        return Lucene::newLucene<Lucene::Term>(wide_field, wide);
    }

    void take(const Lucene::TermDocsPtr& postings, RecordSet& out) {
        for (std::int32_t got = postings->read(docs_, frequencies_); got > 0; got = postings->read(docs_, frequencies_)) {
            for (std::int32_t i = 0; i < got; ++i) {
                const auto doc = static_cast<Ordinal>(docs_[i]);
                if (doc >= out.records()) {
                    failure_.raise({.code = Errc::corrupt,
                                    .what = fmt::format("a posting of the Lucene index; expected below {}, got {}",
                                                        out.records(), doc),
                                    .file = where_});
                }
                out.add(doc);
            }
        }
    }

    std::string where_;
    Failure failure_;
    Lucene::IndexReaderPtr reader_;
    Lucene::Collection<std::int32_t> docs_;
    Lucene::Collection<std::int32_t> frequencies_;
};

}  // namespace

Result<std::unique_ptr<TermIndex>> open_lucene(OpenFile open, std::vector<std::string> names, Ordinal records,
                                               std::string where) {
    auto terms = std::make_unique<LuceneTerms>(std::move(where));
    names.insert(names.end(), kStoredFieldFiles.begin(), kStoredFieldFiles.end());
    const OpenFile open_all = [open = std::move(open), records](const std::string& name) {
        const bool made = std::find(kStoredFieldFiles.begin(), kStoredFieldFiles.end(), name) != kStoredFieldFiles.end();
        return made ? Result<std::unique_ptr<io::ReadAt>>(stored_fields(name, records)) : open(name);
    };
    if (const auto opened = terms->open(open_all, names, records); !opened) {
        return opened.error();
    }
    return std::unique_ptr<TermIndex>(std::move(terms));
}

}  // namespace kseg::index
