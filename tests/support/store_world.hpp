// SPDX-License-Identifier: Apache-2.0
// A store, of indexes and of archives, and a log directory of one partition in memory, and queries to them whose answers
// are kept as numbers.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/writer.hpp"
#include "base/crc.hpp"
#include "index/segment_index.hpp"
#include "io/read_all.hpp"
#include "io/window.hpp"
#include "kafka/record/builder.hpp"
#include "kafka/segment/cursor.hpp"
#include "objects/directory_store.hpp"
#include "store/archive_name.hpp"
#include "store/archive_registry.hpp"
#include "store/query_run.hpp"
#include "support/crash_fs.hpp"
#include "support/memory_file.hpp"

namespace kseg::test {

/// A batch whose records are of the offsets from base_offset on, `step` apart, and of times equal to 1000 + offset. The
/// value of each is "even" or "odd!", as long as the other, and "n<offset>".
struct BatchPlan {
    std::int64_t base_offset = 0;
    int records = 1;
    std::int64_t step = 1;
    std::size_t padding = 0;  ///< bytes that the value is longer by
    std::uint16_t attributes = 0;
};

inline std::string make_batch(const BatchPlan& plan) {
    record::BatchBuilder builder;
    record::BatchHeader header;
    header.base_offset = plan.base_offset;
    header.attributes = plan.attributes;
    builder.begin(header);
    for (int i = 0; i < plan.records; ++i) {
        const std::int64_t offset = plan.base_offset + i * plan.step;
        const std::string value =
            fmt::format("{} n{} {}", offset % 2 == 0 ? "even" : "odd!", offset, std::string(plan.padding, ' '));
        REQUIRE(
            builder.add(record::RecordView{.offset = offset, .stored_timestamp = 1000 + offset, .value = as_bytes(value)}));
    }
    ByteBuffer out;
    REQUIRE(builder.finish(out));
    return std::string(out.text());
}

inline std::string make_batches(const std::vector<BatchPlan>& plans) {
    std::string log;
    for (const BatchPlan& plan : plans) {
        log += make_batch(plan);
    }
    return log;
}

/// The answer to a query: offsets of records or base offsets of batches.
class KeptAnswer final : public store::AnswerSink {
  public:
    std::vector<std::int64_t> offsets;
    std::vector<std::string> damages;
    std::vector<store::SliceReport> slices;
    std::uint64_t given = 0;
    bool more = true;
    std::size_t enough = std::numeric_limits<std::size_t>::max();  ///< keep_on() says no from here on

    void begin_batch(const record::BatchHeader& /*header*/) override {}
    void record(const record::BatchHeader& /*header*/, const record::RecordView& record) override {
        offsets.push_back(record.offset);
    }
    void batch(const record::BatchView& batch) override { offsets.push_back(batch.header().base_offset); }
    void damage(const Error& what) override { damages.push_back(what.message()); }
    void end_slice(const store::SliceReport& report) override { slices.push_back(report); }
    bool keep_on(std::uint64_t /*bytes_read*/) override { return offsets.size() < enough; }

    /// Whether some damage was told in which all of these texts occur.
    [[nodiscard]] bool tells(const std::vector<std::string>& texts) const {
        return std::ranges::any_of(damages, [&texts](const std::string& told) {
            return std::ranges::all_of(texts,
                                       [&told](const std::string& text) { return told.find(text) != std::string::npos; });
        });
    }
};

/// Keeps what is written to it.
class KeptSink final : public io::Sink {
  public:
    ByteBuffer content;
    Result<void> write(Bytes bytes) override {
        content.append(bytes);
        return {};
    }
    Result<void> commit() override { return {}; }
};

class StoreWorld {
  public:
    CrashFs fs;
    std::unique_ptr<objects::ObjectStore> objects = objects::directory_store(fs, "/archives");
    store::Places places{.store = "/store", .wal = "/wal"};
    std::string transactions;  ///< .txnindex of the next archive

    StoreWorld() {
        REQUIRE(fs.make_directories("/store"));
        REQUIRE(fs.make_directories("/wal"));
    }

    static std::string log_path(std::int64_t base_offset) { return fmt::format("/wal/t-0/{:020d}.log", base_offset); }
    static std::string index_path(std::int64_t base_offset) { return fmt::format("/store/t-0/{:020d}", base_offset); }

    void put_log(std::int64_t base_offset, const std::string& content) { fs.put(log_path(base_offset), content); }
    void remove_log(std::int64_t base_offset) { REQUIRE(fs.remove(log_path(base_offset))); }

    /// Makes the index of a log that is there.
    void index(std::int64_t base_offset) { index_of(log_path(base_offset), base_offset); }
    void index_of(const std::string& log, std::int64_t base_offset) {
        const std::string content = *fs.content(log);
        REQUIRE(fs.make_directories(index_path(base_offset)));
        auto writer =
            index::SegmentIndexWriter::create(fs, index_path(base_offset), {.topic = "t", .partition = 0}, base_offset, {});
        REQUIRE(writer);
        const auto file = fs.open(log);
        REQUIRE(file);
        const auto source = io::source_of(**file, 0);
        io::Window window(*source, FileOffset{});
        segment::SegmentCursor cursor(window, FileOffset{});
        for (;;) {
            const auto item = cursor.next();
            REQUIRE(item);
            if (item->outcome == segment::Outcome::end) {
                break;
            }
            REQUIRE((*writer)->write_item(*item));
        }
        REQUIRE((*writer)->commit("../../.." + log, content.size(), crc32c(as_bytes(content))));
    }

    /// Puts the index of this name and its log into an archive, in chunks of `chunk_bytes`, whose file it returns.
    std::string archive(std::int64_t base_offset, const std::string& log, std::size_t chunk_bytes = 512,
                        const std::string& topic_id = {}) {
        const std::string directory = index_path(base_offset);
        const std::string log_name = fmt::format("{:020d}.log", base_offset);
        auto manifest = index::parse_manifest(as_bytes(*fs.content(directory + "/manifest.json")), directory);
        REQUIRE(manifest);
        manifest->log_path = log_name;
        KeptSink sink;
        auto writer = archive::ArchiveWriter::begin(sink, {});
        REQUIRE(writer);
        const archive::AddOptions options{.chunk_bytes = chunk_bytes};
        REQUIRE((*writer)->add(log_name, as_bytes(log), options));
        if (!transactions.empty()) {
            REQUIRE((*writer)->add(fmt::format("{:020d}.txnindex", base_offset), as_bytes(transactions), options));
        }
        for (const index::ManifestFile& file : manifest->files) {
            REQUIRE((*writer)->add(file.name, as_bytes(*fs.content(directory + "/" + file.name)), options));
        }
        REQUIRE((*writer)->add("manifest.json", index::write_manifest(*manifest).bytes(), options));
        const auto written = (*writer)->finish();
        REQUIRE(written);
        store::ArchiveName name;
        name.partition.topic = "t";
        name.base_offset = base_offset;
        name.last_offset = manifest->last_offset.value_or(base_offset - 1);
        name.size = written->bytes;
        name.crc32c = written->crc32c;
        name.topic_id = topic_id;
        if (manifest->damaged == 0) {
            name.first_timestamp = manifest->min_timestamp;
            name.last_timestamp = manifest->max_timestamp;
        }
        const auto put = objects->put_if_absent(to_string(name), MemoryFile(sink.content.bytes()));
        REQUIRE((put || put.error().code == Errc::exists));  // the same archive has the same name
        return objects->describe(to_string(name));
    }
    /// Makes an archive of a log that has neither a file nor an index then.
    std::string archive_alone(std::int64_t base_offset, const std::string& log, const std::string& topic_id = {}) {
        fs.put("/elsewhere.log", log);
        index_of("/elsewhere.log", base_offset);
        const std::string path = archive(base_offset, log, 512, topic_id);
        remove_index(base_offset);
        return path;
    }
    void remove_index(std::int64_t base_offset) {
        REQUIRE(io::remove_with_files(fs, index_path(base_offset)));
        REQUIRE(fs.remove_directory(index_path(base_offset)));
    }

    /// Puts other bytes at a place of a file.
    void damage(const std::string& path, std::size_t at, const std::string& bytes) {
        std::string content = *fs.content(path);
        REQUIRE(at + bytes.size() <= content.size());
        fs.put(path, content.replace(at, bytes.size(), bytes));
    }

    KeptAnswer ask(store::Request request, const std::optional<std::string>& match = {},
                   std::size_t enough = std::numeric_limits<std::size_t>::max()) {
        std::optional<index::Query> query;
        if (match) {
            auto parsed = index::Query::parse(*match, 0);
            REQUIRE(parsed);
            query = *std::move(parsed);
            request.match = &*query;
        }
        KeptAnswer answer;
        answer.enough = enough;
        store::ArchiveRegistry registry(*objects);
        places.archives = &registry;
        store::QueryRun run(fs, places, request, answer);
        auto listing = store::list_segments(fs, places, {.topic = "t", .partition = 0});
        REQUIRE(listing);
        const auto more = run.answer(*std::move(listing));
        REQUIRE(more);
        answer.more = *more;
        answer.given = run.given();
        return answer;
    }
};

/// The offsets [first, end) of which `keep` says so.
template <typename Keep>
std::vector<std::int64_t> offsets_where(std::int64_t first, std::int64_t end, Keep&& keep) {
    std::vector<std::int64_t> offsets;
    for (std::int64_t offset = first; offset < end; ++offset) {
        if (keep(offset)) {
            offsets.push_back(offset);
        }
    }
    return offsets;
}
inline std::vector<std::int64_t> offsets_of(std::int64_t first, std::int64_t end) {
    return offsets_where(first, end, [](std::int64_t) { return true; });
}

}  // namespace kseg::test
