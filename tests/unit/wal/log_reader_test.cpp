// SPDX-License-Identifier: Apache-2.0
#include "wal/log_reader.hpp"

#include <doctest/doctest.h>

#include "support/wal_run.hpp"

using namespace kseg;
using test::CrashFs;
using test::WalRun;
using wal::LogReader;
using wal::ReadStep;

namespace {

constexpr int kBatches = 400;
constexpr TimestampMs kTime = 1700000000000;

wal::Options small_segments() {
    return {.sync = wal::SyncPolicy::none, .segment_bytes = 20000, .sync_threads = 1};
}

/// A log of 400 batches of two records, a second apart, in about five segments.
void fill(WalRun& run) {
    REQUIRE(run.open());
    for (int i = 0; i < kBatches; ++i) {
        REQUIRE(run.append({.records = 2, .value_bytes = 60, .time = kTime + i * 1000}));
    }
    REQUIRE(run.sync());
}

/// The base offset of the next batch; -1 at the end.
std::int64_t next_of(LogReader& reader) {
    const auto step = reader.next();
    REQUIRE(step);
    REQUIRE(step->kind != ReadStep::Kind::damage);
    return step->kind == ReadStep::Kind::end ? -1 : step->batch.header().base_offset;
}

}  // namespace

TEST_CASE("reading begins with the batch that holds an offset, and needs no other segment") {
    CrashFs fs;
    WalRun run(fs, small_segments());
    fill(run);
    for (std::int64_t offset = 0; offset < 2 * kBatches; offset += 37) {
        fs.forget_reads();
        LogReader reader(fs, "/wal/t-0", {.from_offset = offset});
        CHECK(next_of(reader) == offset / 2 * 2);
        int read = 0;
        const auto names = fs.list("/wal/t-0");
        for (const std::string& name : *names) {
            read += name.ends_with(".log") && fs.bytes_read("/wal/t-0/" + name) != 0 ? 1 : 0;
        }
        CHECK(read == 1);
    }
    LogReader behind(fs, "/wal/t-0", {.from_offset = 2 * kBatches});
    CHECK(next_of(behind) == -1);
}

TEST_CASE("reading by time begins with the first batch that is not older, and leaves older segments alone") {
    CrashFs fs;
    WalRun run(fs, small_segments());
    fill(run);
    for (int i = 1; i < kBatches; i += 41) {
        fs.forget_reads();
        LogReader reader(fs, "/wal/t-0", {.since = kTime + i * 1000 - 500});
        CHECK(next_of(reader) == 2 * i);
        CHECK((i < 300 || fs.bytes_read("/wal/t-0/00000000000000000000.log") == 0));
    }
    LogReader reader(fs, "/wal/t-0", {.since = kTime + kBatches * 1000});
    CHECK(next_of(reader) == -1);
}

TEST_CASE("a reader follows a log as it grows, over the ends of segments") {
    CrashFs fs;
    WalRun run(fs, {.sync = wal::SyncPolicy::none, .segment_bytes = 300, .sync_threads = 1});
    REQUIRE(run.open());
    LogReader reader(fs, "/wal/t-0", {});
    CHECK(next_of(reader) == -1);
    for (int i = 0; i < 50; ++i) {
        REQUIRE(run.append({}));
        if (i % 7 == 0) {
            REQUIRE(run.log->seal());
        }
        CHECK(next_of(reader) == i);
        CHECK(next_of(reader) == -1);
    }
    CHECK(reader.position() == 50);
}

TEST_CASE("a reader that is told to shows only what is committed") {
    CrashFs fs;
    WalRun run(fs, small_segments());
    REQUIRE(run.open());
    LogReader durable(fs, "/wal/t-0", {.committed_end = [&] { return run.log->durable_offset(); }});
    std::int64_t high_watermark = 0;
    LogReader committed(fs, "/wal/t-0", {.committed_end = [&] { return high_watermark; }});
    REQUIRE(run.append({.records = 2}));
    REQUIRE(run.append({.records = 2}));
    CHECK(next_of(durable) == -1);
    REQUIRE(run.sync());
    CHECK(next_of(durable) == 0);
    CHECK(next_of(durable) == 2);
    high_watermark = 3;  // inside the second batch
    CHECK(next_of(committed) == 0);
    CHECK(next_of(committed) == -1);
    high_watermark = 4;
    CHECK(next_of(committed) == 2);
    CHECK(next_of(committed) == -1);
}

TEST_CASE("a write under way is not taken for damage, and what follows damage is not shown as if it followed") {
    CrashFs fs;
    WalRun run(fs, small_segments());
    REQUIRE(run.open());
    for (int i = 0; i < 3; ++i) {
        REQUIRE(run.append({}));
    }
    const std::string path = "/wal/t-0/00000000000000000000.log";
    const std::string whole = fs.content(path).value();
    fs.put(path, whole.substr(0, whole.size() - 1));
    LogReader growing(fs, "/wal/t-0", {});
    CHECK(next_of(growing) == 0);
    CHECK(next_of(growing) == 1);
    CHECK(next_of(growing) == -1);

    std::string flipped = whole;
    flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 1);
    fs.put(path, flipped);
    LogReader reader(fs, "/wal/t-0", {});
    CHECK(next_of(reader) == 0);
    const auto step = reader.next();
    REQUIRE(step);
    CHECK(step->kind == ReadStep::Kind::damage);
    CHECK(step->position.value == whole.size() / 3);
    CHECK(step->what.starts_with("batch crc; expected 0x"));
    CHECK(next_of(reader) == 2);
    CHECK(next_of(reader) == -1);
}
