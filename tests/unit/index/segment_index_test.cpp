// SPDX-License-Identifier: Apache-2.0
#include "index/segment_index.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "index/checksums.hpp"
#include "io/window.hpp"
#include "kafka/record/builder.hpp"
#include "support/crash_fs.hpp"

namespace {

using kseg::ByteBuffer;
using kseg::Errc;
using kseg::FileOffset;
using kseg::Result;
using kseg::TimestampMs;
using kseg::index::Ask;
using kseg::index::BatchRow;
using kseg::index::Candidate;
using kseg::index::Manifest;
using kseg::index::Query;
using kseg::index::RowKind;
using kseg::index::SegmentIndex;
using kseg::index::SegmentIndexWriter;
using kseg::index::WriterOptions;

constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

/// Appends a batch with a record for each value; offsets and times count up from the first.
void append_batch(ByteBuffer& log, std::int64_t base_offset, TimestampMs time, const std::vector<std::string>& values) {
    kseg::record::BatchBuilder builder;
    kseg::record::BatchHeader header;
    header.base_offset = base_offset;
    builder.begin(header);
    for (std::size_t i = 0; i < values.size(); ++i) {
        REQUIRE(builder.add(kseg::record::RecordView{.offset = base_offset + static_cast<std::int64_t>(i),
                                                     .stored_timestamp = time + static_cast<TimestampMs>(i),
                                                     .value = kseg::as_bytes(values[i])}));
    }
    REQUIRE(builder.finish(log));
}

Result<Manifest> make_index(kseg::io::Fs& fs, const std::string& directory, const ByteBuffer& log,
                            WriterOptions options = {}) {
    kseg::io::Fs& any = fs;
    if (const auto made = any.make_directories(directory); !made) {
        return made.error();
    }
    auto writer = SegmentIndexWriter::create(any, directory, {.topic = "t", .partition = 0}, 0, options);
    if (!writer) {
        return writer.error();
    }
    struct Memory final : kseg::io::ReadAt {
        explicit Memory(kseg::Bytes all) : bytes(all) {}
        [[nodiscard]] Result<std::uint64_t> size() const override { return std::uint64_t{bytes.size()}; }
        [[nodiscard]] Result<std::size_t> read_at(std::uint64_t at, std::span<std::byte> into) const override {
            const auto rest = bytes.subspan(std::min<std::size_t>(at, bytes.size()));
            const auto part = rest.first(std::min(rest.size(), into.size()));
            std::copy(part.begin(), part.end(), into.begin());
            return part.size();
        }
        kseg::Bytes bytes;
    } memory(log.bytes());
    const auto source = kseg::io::source_of(memory, 0);
    kseg::io::Window window(*source, FileOffset{});
    kseg::segment::SegmentCursor cursor(window, FileOffset{});
    for (;;) {
        const auto item = cursor.next();
        if (!item) {
            return item.error();
        }
        if (item->outcome == kseg::segment::Outcome::end) {
            return (*writer)->commit("../../log", log.size(), 0x1234);
        }
        if (const auto written = (*writer)->write_item(*item); !written) {
            return written.error();
        }
    }
}

std::unique_ptr<SegmentIndex> open(kseg::io::Fs& fs, const std::string& directory) {
    auto index = SegmentIndex::open(kseg::index::members_of_directory(fs, directory));
    if (!index) {
        FAIL(index.error().message());
    }
    return std::move(*index);
}

std::vector<BatchRow> rows(SegmentIndex& index, const Ask& ask) {
    std::vector<BatchRow> found;
    const auto done = index.find(ask, [&found](const Candidate& candidate) -> Result<bool> {
        found.push_back(candidate.row);
        return true;
    });
    if (!done) {
        FAIL(done.error().message());
    }
    return found;
}

std::vector<std::int64_t> base_offsets(SegmentIndex& index, const Ask& ask) {
    std::vector<std::int64_t> found;
    for (const BatchRow& row : rows(index, ask)) {
        found.push_back(row.base_offset);
    }
    return found;
}

Query parse(const std::string& text) {
    auto query = Query::parse(text, 0);
    if (!query) {
        FAIL(query.error().message());
    }
    return *query;
}

/// All files of a directory, one behind another, with their names.
std::string contents(kseg::test::CrashFs& fs, const std::string& directory) {
    std::string all;
    const auto names = fs.list(directory);
    REQUIRE(names);
    for (const std::string& name : *names) {
        all += name + "\n" + fs.content(directory + "/" + name).value_or("absent") + "\n";
    }
    return all;
}

}  // namespace

TEST_CASE("the rows of an index say where each batch is and what it holds") {
    kseg::test::CrashFs fs;
    ByteBuffer log;
    append_batch(log, 5, 1000, {"red fox", "blue dog"});
    const std::size_t second = log.size();
    append_batch(log, 10, 900, {"red dog"});
    const auto manifest = make_index(fs, "/index", log);
    REQUIRE(manifest);
    CHECK(manifest->topic == "t");
    CHECK(manifest->records == 3);
    CHECK(manifest->batches == 2);
    CHECK(manifest->damaged == 0);
    CHECK(manifest->first_offset == 5);
    CHECK(manifest->last_offset == 10);
    CHECK(manifest->min_timestamp == 900);
    CHECK(manifest->max_timestamp == 1001);
    CHECK(manifest->offsets_rise);
    CHECK(manifest->log_size == log.size());
    CHECK(manifest->log_crc32c == 0x1234);

    const auto index = open(fs, "/index");
    const auto all = rows(*index, {});
    REQUIRE(all.size() == 2);
    CHECK(all[0].position == 0);
    CHECK(all[0].size == second);
    CHECK(all[0].base_offset == 5);
    CHECK(all[0].last_offset == 6);
    CHECK(all[0].min_timestamp == 1000);
    CHECK(all[0].max_timestamp == 1001);
    CHECK(all[0].first_ordinal == 0);
    CHECK(all[0].records == 2);
    CHECK(all[1].position == second);
    CHECK(all[1].first_ordinal == 2);
    CHECK(base_offsets(*index, {.range = {.first_offset = 6, .end_offset = 7}}) == std::vector<std::int64_t>{5});
    CHECK(base_offsets(*index, {.range = {.first_offset = 7, .end_offset = 10}}).empty());
    CHECK(base_offsets(*index, {.range = {.until = 901}}) == std::vector<std::int64_t>{10});

    const Query red = parse("red");
    const Query fox_or_dog = parse("fox OR (dog AND NOT blue)");
    const Query phrase = parse("\"red dog\"");
    CHECK(base_offsets(*index, {.query = &red}) == std::vector<std::int64_t>{5, 10});
    CHECK(base_offsets(*index, {.query = &phrase}) == std::vector<std::int64_t>{10});
    REQUIRE(index->find({.query = &fox_or_dog}, [](const Candidate& candidate) -> Result<bool> {
        REQUIRE(candidate.found != nullptr);
        CHECK(candidate.found->surely.has(0));
        CHECK(!candidate.found->maybe.has(1));
        CHECK(candidate.found->surely.has(2));
        return false;
    }));
}

TEST_CASE("an index is the same however often its terms went to files on the way") {
    kseg::test::CrashFs fs;
    ByteBuffer log;
    for (int i = 0; i < 400; ++i) {
        append_batch(log, i * 3, 1000 + i,
                     {"a value " + std::to_string(i * 7919 % 1000), "and another", "x" + std::to_string(i)});
    }
    REQUIRE(make_index(fs, "/one", log));
    for (const std::uint64_t buffer_bytes : {0U, 20'000U, 60'000U}) {
        CAPTURE(buffer_bytes);
        const std::string directory = "/runs" + std::to_string(buffer_bytes);
        REQUIRE(make_index(fs, directory, log, {.fields = {}, .buffer_bytes = buffer_bytes}));
        CHECK(contents(fs, directory) == contents(fs, "/one"));
    }
}

TEST_CASE("damage has a row, with the offsets that are missing around it") {
    kseg::test::CrashFs fs;
    ByteBuffer log;
    append_batch(log, 0, 1000, {"a", "b"});
    const std::size_t bad = log.size();
    append_batch(log, 2, 1000, {"c", "d"});
    log.data()[log.size() - 1] ^= std::byte{1};
    append_batch(log, 4, 1000, {"e"});
    const std::size_t gap = log.size();
    log.append(std::string(100, 'z'));
    append_batch(log, 10, 1000, {"f"});
    const std::size_t tail = log.size();
    append_batch(log, 11, 1000, {"g"});
    log.resize(log.size() - 1);
    const auto manifest = make_index(fs, "/index", log);
    REQUIRE(manifest);
    CHECK(manifest->records == 4);
    CHECK(manifest->batches == 3);
    CHECK(manifest->damaged == 3);
    CHECK(manifest->last_offset == 10);
    const auto index = open(fs, "/index");
    const auto all = rows(*index, {});
    REQUIRE(all.size() == 6);
    CHECK(all[1].kind == RowKind::bad_crc);
    CHECK(all[1].position == bad);
    CHECK(all[1].base_offset == 2);
    CHECK(all[1].last_offset == 3);
    CHECK(all[1].records == 0);
    CHECK(all[3].kind == RowKind::gap);
    CHECK(all[3].position == gap);
    CHECK(all[3].size == 100);
    CHECK(all[3].base_offset == 5);
    CHECK(all[3].last_offset == 9);
    CHECK(all[5].kind == RowKind::gap);
    CHECK(all[5].position == tail);
    CHECK(all[5].base_offset == 11);
    CHECK(all[5].last_offset == kNoEnd);
    // Damage in the range is shown whatever is looked for.
    const Query absent = parse("absent");
    CHECK(rows(*index, {.range = {.first_offset = 3, .end_offset = 6}, .query = &absent}).size() == 2);
    CHECK(rows(*index, {.range = {.end_offset = 2}, .query = &absent}).empty());
    CHECK(rows(*index, {.range = {.first_offset = 10, .end_offset = 11}, .query = &absent}).empty());
}

TEST_CASE("batches of a log whose offsets do not rise come in the order of their offsets") {
    kseg::test::CrashFs fs;
    ByteBuffer log;
    append_batch(log, 20, 1000, {"a"});
    append_batch(log, 7, 1000, {"a"});
    append_batch(log, 30, 1000, {"a"});
    const auto manifest = make_index(fs, "/index", log);
    REQUIRE(manifest);
    CHECK(!manifest->offsets_rise);
    CHECK(manifest->first_offset == 7);
    CHECK(manifest->last_offset == 30);
    const auto index = open(fs, "/index");
    const Query a = parse("a");
    CHECK(base_offsets(*index, {}) == std::vector<std::int64_t>{7, 20, 30});
    CHECK(base_offsets(*index, {.query = &a}) == std::vector<std::int64_t>{7, 20, 30});
}

TEST_CASE("an index without a record answers that there is none") {
    kseg::test::CrashFs fs;
    REQUIRE(make_index(fs, "/index", ByteBuffer{}));
    const auto index = open(fs, "/index");
    const Query any = parse("a OR NOT b");
    CHECK(rows(*index, {}).empty());
    CHECK(rows(*index, {.query = &any}).empty());
    CHECK(!index->manifest().first_offset);
}

TEST_CASE("an index knows its log again and refuses another") {
    kseg::test::CrashFs fs;
    ByteBuffer log;
    for (int i = 0; i < 600; ++i) {
        append_batch(log, i, 1000, {"value " + std::to_string(1000 + i)});
    }
    REQUIRE(make_index(fs, "/index", log));
    const auto index = open(fs, "/index");
    const auto check = [&](const ByteBuffer& content) {
        fs.put("/log", std::string(content.text()));
        const auto file = fs.open("/log");
        REQUIRE(file);
        return index->check_log(**file, "/log");
    };
    CHECK(check(log));
    ByteBuffer longer(log.bytes());
    longer.push_back('x');
    const auto refused = check(longer);
    REQUIRE(!refused);
    CHECK(refused.error().code == Errc::corrupt);
    CHECK(refused.error().file == "/log");
    ByteBuffer other;
    for (int i = 0; i < 600; ++i) {
        append_batch(other, i, 1000, {"value " + std::to_string(2000 + i)});
    }
    REQUIRE(other.size() == log.size());
    const auto another = check(other);
    REQUIRE(!another);
    CHECK(another.error().what == "not the log of /index/manifest.json: another batch stands here");
    CHECK(another.error().at == 0);
}

TEST_CASE("a file that fails at any operation fails the index and nothing else") {
    ByteBuffer log;
    for (int i = 0; i < 30; ++i) {
        append_batch(log, i * 2, 1000, {"some value", "other " + std::to_string(i)});
    }
    const WriterOptions small{.fields = {}, .buffer_bytes = 1000};
    kseg::test::CrashFs undisturbed;
    REQUIRE(make_index(undisturbed, "/index", log, small));
    const std::uint64_t operations = undisturbed.operations();
    REQUIRE(operations > 20);
    for (std::uint64_t k = 1; k <= operations; ++k) {
        CAPTURE(k);
        kseg::test::CrashFs fs;
        fs.fail_at(k, kseg::test::Fault::fail);
        const auto failed = make_index(fs, "/index", log, small);
        REQUIRE(!failed);
        CHECK(failed.error().code == Errc::io);
    }
}

TEST_CASE("a changed file of an index is named") {
    kseg::test::CrashFs fs;
    ByteBuffer log;
    append_batch(log, 0, 1000, {"red", "blue"});
    REQUIRE(make_index(fs, "/index", log));
    const auto names = fs.list("/index");
    REQUIRE(names);
    const Query red = parse("red");
    for (const std::string& name : *names) {
        CAPTURE(name);
        const std::string path = "/index/" + name;
        const std::string content = fs.content(path).value();
        std::string changed = content;
        changed[changed.size() / 2] ^= 0x20;
        fs.put(path, changed);
        const auto index = SegmentIndex::open(kseg::index::members_of_directory(fs, "/index"));
        const auto found = index ? (*index)->find({.query = &red}, [](const Candidate&) -> Result<bool> { return true; })
                                 : Result<void>(index.error());
        // segments.gen is but a hint where to look.
        if (name != "segments.gen") {
            REQUIRE(!found);
            CHECK(found.error().code == Errc::corrupt);
            CHECK(found.error().file == path);
        }
        fs.put(path, content);
    }
}
