// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/mend_in_place.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/crc.hpp"
#include "kafka/segment/index_builder.hpp"
#include "kafka/wire/writer.hpp"
#include "support/crash_fs.hpp"
#include "support/hex.hpp"

using namespace kseg;
using test::CrashFs;
using test::Fault;

namespace {

const std::string kLog = "/logs/orders-0/00000000000000000100.log";
const std::string kBackup = kLog + ".bak";
const std::string kIndex = "/logs/orders-0/00000000000000000100.index";
const std::string kTimeIndex = "/logs/orders-0/00000000000000000100.timeindex";
const std::string kCase = "v2-txn-none/00000000000000000100";

/// Kafka's segment with the CRC of one batch set to zero.
std::string damaged() {
    std::string log(test::read_data("corpus/" + kCase + ".log").text());
    std::fill_n(log.begin() + 79 + 17, 4, '\0');
    return log;
}

std::string healthy() {
    return std::string(test::read_data("corpus/" + kCase + ".log").text());
}

void lay_out(CrashFs& fs) {
    fs.put(kLog, damaged());
    fs.put(kIndex, std::string(test::read_data("corpus/" + kCase + ".index").text()));
    fs.put(kTimeIndex, std::string(test::read_data("corpus/" + kCase + ".timeindex").text()));
}

/// What mending with `options` comes to where nothing fails.
struct Wanted {
    std::string log;
    std::string index;
    std::string time_index;
};

Wanted wanted_of(const segment::MendOptions& options) {
    CrashFs fs;
    lay_out(fs);
    const auto totals = segment::mend_in_place(fs, kLog, options, {}, {});
    REQUIRE(totals);
    CHECK(fs.content(kBackup) == damaged());
    return {*fs.content(kLog), *fs.content(kIndex), *fs.content(kTimeIndex)};
}

/// The old file or the new one, with index files that fit it or none, and a backup where the old one is gone.
void check_whole(const CrashFs& fs, const Wanted& wanted) {
    const auto log = fs.content(kLog);
    REQUIRE(log.has_value());
    const bool is_new = *log == wanted.log;
    CHECK((is_new || *log == damaged()));
    if (is_new) {
        CHECK(fs.content(kBackup) == damaged());
    }
    const auto index = fs.content(kIndex);
    const auto time_index = fs.content(kTimeIndex);
    if (index) {
        CHECK(*index == (is_new ? wanted.index : std::string(test::read_data("corpus/" + kCase + ".index").text())));
    }
    if (time_index) {
        CHECK(*time_index ==
              (is_new ? wanted.time_index : std::string(test::read_data("corpus/" + kCase + ".timeindex").text())));
    }
}

/// Fails at every operation in turn, then crashes in several ways.
void fail_everywhere(const segment::MendOptions& options) {
    const Wanted wanted = wanted_of(options);
    std::uint64_t succeeded = 0;
    for (const Fault fault : {Fault::fail, Fault::shorten, Fault::cut}) {
        bool reached = true;
        for (std::uint64_t k = 1; reached; ++k) {
            CAPTURE(k);
            CAPTURE(static_cast<int>(fault));
            CrashFs fs;
            lay_out(fs);
            const std::uint64_t before = fs.operations();
            fs.fail_at(before + k, fault);
            const auto totals = segment::mend_in_place(fs, kLog, options, {}, {});
            reached = fs.operations() >= before + k;
            if (fault != Fault::cut || !reached) {
                check_whole(fs, wanted);
            }
            for (std::uint64_t seed = 1; seed <= 8; ++seed) {
                CAPTURE(seed);
                const auto disk = fs.copy();
                disk->crash(seed);
                check_whole(*disk, wanted);
                if (totals) {
                    CHECK(disk->content(kLog) == wanted.log);
                }
            }
            succeeded += totals ? 1U : 0U;
        }
    }
    CHECK(succeeded >= 3);
}

}  // namespace

TEST_CASE("a segment mended in place is Kafka's again, and its old bytes stay as a backup") {
    const Wanted wanted = wanted_of({});
    CHECK(wanted.log == healthy());
}

TEST_CASE("whatever fails, and wherever the power goes, the segment is the old one or the new one") {
    fail_everywhere({});
}

TEST_CASE("where batches move, index files are never beside a segment that they do not fit") {
    segment::MendOptions options;
    options.edits.codec = codec::Codec::lz4;
    fail_everywhere(options);
}

TEST_CASE("index files follow moved batches as Kafka would make them") {
    const std::string name = "v2-many-batches/00000000000000000000";
    const std::string log = "/logs/many-0/00000000000000000000.log";
    const auto data = [&](const std::string& extension) {
        return std::string(test::read_data("corpus/" + name + extension).text());
    };
    const auto old = segment::parse_offset_index(as_bytes(data(".index")), 0);
    const auto old_times = segment::parse_time_index(as_bytes(data(".timeindex")), 0);
    REQUIRE(old.entries.size() > 3);
    CrashFs fs;
    fs.put(log, data(".log"));
    fs.put("/logs/many-0/00000000000000000000.index", "stale");
    fs.put("/logs/many-0/00000000000000000000.timeindex", "stale");
    REQUIRE(segment::mend_in_place(fs, log, {.base_offset = 400}, {}, {}));
    // The same batches at the same positions, each 400 further on.
    const auto moved = segment::parse_offset_index(as_bytes(*fs.content("/logs/many-0/00000000000000000000.index")), 0);
    REQUIRE(moved.entries.size() == old.entries.size());
    for (std::size_t i = 0; i < old.entries.size(); ++i) {
        CHECK(moved.entries[i].offset == old.entries[i].offset + 400);
        CHECK(moved.entries[i].position == old.entries[i].position);
    }
    const auto times = segment::parse_time_index(as_bytes(*fs.content("/logs/many-0/00000000000000000000.timeindex")), 0);
    REQUIRE(times.entries.size() == old_times.entries.size());
    for (std::size_t i = 0; i < times.entries.size(); ++i) {
        CHECK(times.entries[i].timestamp == old_times.entries[i].timestamp);
        CHECK(times.entries[i].offset == old_times.entries[i].offset + 400);
    }
}

TEST_CASE("a file in which nothing changes is left alone") {
    CrashFs fs;
    fs.put(kLog, healthy());
    const auto totals = segment::mend_in_place(fs, kLog, {}, {}, {});
    REQUIRE(totals);
    CHECK(totals->good_out == totals->batches);
    CHECK_FALSE(fs.content(kBackup).has_value());
    CHECK(fs.list("/logs/orders-0")->size() == 1);
}

TEST_CASE("a file is not mended while a broker holds the lock, nor over a backup") {
    CrashFs fs;
    lay_out(fs);
    fs.put("/logs/.lock", "");
    {
        const auto lock = fs.lock("/logs/.lock");
        REQUIRE(lock);
        const auto refused = segment::mend_in_place(fs, kLog, {}, {}, {});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().what.find("/logs/.lock") != std::string::npos);
    }
    fs.put(kBackup, "mine");
    const auto refused = segment::mend_in_place(fs, kLog, {}, {}, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::exists);
    CHECK(fs.content(kLog) == damaged());
    CHECK(fs.content(kBackup) == "mine");
    REQUIRE(segment::mend_in_place(fs, kLog, {}, {.overwrite_backup = true}, {}));
    CHECK(fs.content(kBackup) == damaged());
    CHECK(fs.content(kLog) == healthy());
}

TEST_CASE("what is left out is safe before the file changes") {
    CrashFs fs;
    std::string log = damaged();
    log[150] = static_cast<char>(log[150] ^ 0x55);  // the body no longer vouches for itself
    fs.put(kLog, log);
    bool asked = false;
    const segment::MendOutputs outputs{.before_replace = [&]() -> Result<void> {
        asked = true;
        CHECK(fs.content(kLog) == log);
        return Error{.code = Errc::io, .what = "no room"};
    }};
    const auto refused = segment::mend_in_place(fs, kLog, {.salvage = true}, {}, outputs);
    CHECK(asked);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what == "no room");
    CHECK(fs.content(kLog) == log);
}
