// SPDX-License-Identifier: Apache-2.0
// A small log of two segments, cut at every byte and with every bit flipped, under each mode of recovery.
#include "wal/recovery.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/wal_run.hpp"

using namespace kseg;
using test::CrashFs;
using test::WalRun;
using wal::Finding;
using wal::Recovery;

namespace {

const std::string kFirst = "/wal/t-0/00000000000000000000.log";
const std::string kSecond = "/wal/t-0/00000000000000000006.log";

struct Log {
    std::unique_ptr<CrashFs> fs;
    std::vector<std::string> batches;  // three in the first segment, three in the second
    std::vector<std::size_t> ends;     // of each, in its segment
};

wal::Options options_of(Recovery mode) {
    return {.sync = wal::SyncPolicy::none, .recovery = mode, .sync_threads = 1};
}

/// clean   closed cleanly; otherwise nothing is known to be durable
Log make_log(bool clean) {
    Log log{.fs = std::make_unique<CrashFs>()};
    WalRun run(*log.fs, options_of(Recovery::tail));
    REQUIRE(run.open());
    for (int i = 0; i < 6; ++i) {
        REQUIRE(run.append({.records = 2, .value_bytes = 9}));
        if (i == 2) {
            REQUIRE(run.log->seal());
        }
    }
    REQUIRE(run.close());
    log.batches = run.appended;
    for (std::size_t i = 0; i < 6; ++i) {
        log.ends.push_back((i % 3 == 0 ? 0 : log.ends.back()) + log.batches[i].size());
    }
    run.drop();
    if (!clean) {
        REQUIRE(log.fs->remove("/wal/.kafka_cleanshutdown"));
        REQUIRE(log.fs->remove("/wal/recovery-point-offset-checkpoint"));
    }
    log.fs->settle();
    return log;
}

struct Outcome {
    bool opened = false;
    bool damage = false;  // told of, by recovery or by the reader
    std::vector<std::string> shown{};
    wal::Findings findings{};
    std::string error{};
};

Outcome open_and_read(CrashFs& fs, Recovery mode) {
    Outcome outcome;
    WalRun run(fs, options_of(mode));
    outcome.opened = run.open();
    if (run.wal != nullptr) {
        outcome.findings = run.wal->findings();
    }
    outcome.error = run.error;
    outcome.damage = !outcome.opened || std::ranges::any_of(outcome.findings, &Finding::is_damage);
    wal::LogReader reader(fs, "/wal/t-0", {});
    for (;;) {
        const auto step = reader.next();
        REQUIRE(step);
        if (step->kind == wal::ReadStep::Kind::end) {
            break;
        }
        if (step->kind == wal::ReadStep::Kind::damage) {
            outcome.damage = true;
        } else {
            outcome.shown.emplace_back(as_text(step->batch.bytes()));
        }
    }
    return outcome;
}

std::vector<std::string> first_of(const std::vector<std::string>& all, std::size_t count) {
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// Whether a batch differs at most in what no CRC covers.
bool same_but_stamps(const std::string& a, const std::string& b) {
    return a.size() == b.size() && a.substr(8, 4) == b.substr(8, 4) && a.substr(16) == b.substr(16);
}

}  // namespace

TEST_CASE("a log cut at any byte of its last segment keeps exactly the whole batches") {
    for (const bool clean : {true, false}) {
        const Log log = make_log(clean);
        const std::string whole = log.fs->content(kSecond).value();
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(size);
            const auto kept = static_cast<std::size_t>(
                std::ranges::count_if(log.ends.begin() + 3, log.ends.end(), [&](std::size_t end) { return end <= size; }));
            const bool torn = size != 0 && !std::ranges::count(log.ends.begin() + 3, log.ends.end(), size);
            for (const Recovery mode : {Recovery::tail, Recovery::point_in_time, Recovery::salvage}) {
                const auto fs = log.fs->copy();
                fs->put(kSecond, whole.substr(0, size));
                const Outcome outcome = open_and_read(*fs, mode);
                CHECK(outcome.opened);
                CHECK(outcome.shown == first_of(log.batches, 3 + kept));
                // What was cut off is beside it; that durable records are gone is told where it is known.
                CHECK(std::ranges::count(outcome.findings, Finding::Kind::cut, &Finding::kind) == (torn ? 1 : 0));
                CHECK(std::ranges::count(outcome.findings, Finding::Kind::ends_early, &Finding::kind) == (clean ? 1 : 0));
                if (torn) {
                    const std::size_t good = kept == 0 ? 0 : log.ends[2 + kept];
                    CHECK(fs->content(outcome.findings.front().saved_as) == whole.substr(good, size - good));
                }
                const Outcome again = open_and_read(*fs, mode);
                CHECK(again.opened);
                CHECK(again.shown == outcome.shown);
            }
            const auto fs = log.fs->copy();
            fs->put(kSecond, whole.substr(0, size));
            CHECK(open_and_read(*fs, Recovery::strict).opened == !torn);
        }
    }
}

TEST_CASE("a sealed segment that is cut is damage, and what follows it is not served as if it followed") {
    const Log log = make_log(false);
    const std::string whole = log.fs->content(kFirst).value();
    for (std::size_t size = 1; size < whole.size(); ++size) {
        if (std::ranges::count(log.ends.begin(), log.ends.begin() + 3, size)) {
            continue;
        }
        const auto kept = static_cast<std::size_t>(
            std::ranges::count_if(log.ends.begin(), log.ends.begin() + 3, [&](std::size_t end) { return end <= size; }));
        const auto fs = log.fs->copy();
        fs->put(kFirst, whole.substr(0, size));
        const Outcome tail = open_and_read(*fs, Recovery::tail);
        CHECK_FALSE(tail.opened);
        CHECK(fs->content(kFirst) == whole.substr(0, size));
        const Outcome point = open_and_read(*fs->copy(), Recovery::point_in_time);
        CHECK(point.opened);
        CHECK(point.damage);
        CHECK(point.shown == first_of(log.batches, kept));
        const Outcome salvage = open_and_read(*fs, Recovery::salvage);
        CHECK(salvage.opened);
        CHECK(salvage.damage);
        CHECK(salvage.shown.size() == kept + 3);
        CHECK(fs->content(salvage.findings.front().saved_as) ==
              whole.substr(kept == 0 ? 0 : log.ends[kept - 1], size - (kept == 0 ? 0 : log.ends[kept - 1])));
    }
}

TEST_CASE("no flipped bit is passed over in silence, and none costs another batch unless the mode says so") {
    for (const bool clean : {true, false}) {
        const Log log = make_log(clean);
        for (const std::string& path : {kFirst, kSecond}) {
            const std::string whole = log.fs->content(path).value();
            const std::size_t before = path == kFirst ? 0 : 3;
            for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
                CAPTURE(clean);
                CAPTURE(path);
                CAPTURE(bit);
                std::size_t hit = before;
                while (log.ends[hit] <= bit / 8) {
                    ++hit;
                }
                const std::size_t byte = bit / 8 - (hit == before ? 0 : log.ends[hit - 1]);
                const bool uncovered = byte < 8 || (byte >= 12 && byte < 16);
                std::string flipped = whole;
                flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
                for (const Recovery mode : {Recovery::tail, Recovery::point_in_time, Recovery::salvage, Recovery::strict}) {
                    const auto fs = log.fs->copy();
                    fs->put(path, flipped);
                    const Outcome outcome = open_and_read(*fs, mode);
                    if (!outcome.damage) {
                        // Only what no CRC covers can go unnoticed, and then nothing is missing.
                        REQUIRE(uncovered);
                        REQUIRE(outcome.shown.size() == 6);
                        REQUIRE(std::ranges::equal(outcome.shown, log.batches, same_but_stamps));
                        continue;
                    }
                    REQUIRE(std::ranges::all_of(outcome.shown, [&](const std::string& shown) {
                        return std::ranges::any_of(log.batches,
                                                   [&](const std::string& b) { return same_but_stamps(b, shown); });
                    }));
                    if (uncovered) {
                        continue;
                    }
                    switch (mode) {
                        case Recovery::tail:
                            // The last batch of all may be an interrupted write; everything else stays as it is.
                            REQUIRE(outcome.opened == (hit == 5 || (clean && before == 0)));
                            REQUIRE(outcome.shown.size() == 5);
                            break;
                        case Recovery::strict: REQUIRE_FALSE(outcome.opened); break;
                        case Recovery::point_in_time: REQUIRE(outcome.shown == first_of(log.batches, hit)); break;
                        case Recovery::salvage: REQUIRE(outcome.shown.size() == 5); break;
                    }
                }
            }
        }
    }
}

TEST_CASE("a tail of zeros is cut, and its copy takes no room") {
    const Log log = make_log(false);
    const std::string whole = log.fs->content(kSecond).value();
    log.fs->put(kSecond, whole + std::string(100000, '\0'));
    const Outcome outcome = open_and_read(*log.fs, Recovery::tail);
    CHECK(outcome.opened);
    CHECK(outcome.shown == log.batches);
    REQUIRE(outcome.findings.size() == 1);
    CHECK(outcome.findings.front().size == 100000);
    CHECK(log.fs->content(outcome.findings.front().saved_as) == std::string(100000, '\0'));
    CHECK(log.fs->content(kSecond) == whole);
}

TEST_CASE("a hole with good batches behind it is cut where a power cut can have left it, and else is an error") {
    const auto with_hole = [](std::int64_t recovery_point) {
        CrashFs fs;
        WalRun run(fs, options_of(Recovery::tail));
        REQUIRE(run.open());
        for (int i = 0; i < 4; ++i) {
            REQUIRE(run.append({.value_bytes = 1000}));
        }
        run.drop();
        std::string log = fs.content(kFirst).value();
        std::fill(log.begin() + 1536, log.begin() + 2048, '\0');  // a sector of the second batch
        fs.put(kFirst, log);
        fs.put("/wal/recovery-point-offset-checkpoint", fmt::format("0\n1\nt 0 {}\n", recovery_point));
        fs.kill();
        return open_and_read(fs, Recovery::tail);
    };
    const Outcome unsynced = with_hole(1);
    CHECK(unsynced.opened);
    CHECK(unsynced.damage);
    CHECK(unsynced.shown.size() == 1);
    const Outcome durable = with_hole(2);
    CHECK_FALSE(durable.opened);
    CHECK(durable.shown.size() == 3);
    CHECK(durable.error.find("not what an interrupted write leaves") != std::string::npos);
}

TEST_CASE("recovery reads what was written since the recovery point, and no more") {
    CrashFs fs;
    wal::Options options = options_of(Recovery::tail);
    options.segment_bytes = std::uint64_t{1} << 20;
    options.checkpoint_bytes = 1000;
    WalRun run(fs, options);
    REQUIRE(run.open());
    for (int i = 0; i < 3000; ++i) {  // about three segments
        REQUIRE(run.append({.value_bytes = 900, .producer_id = 5, .producer_epoch = 0, .base_sequence = i}));
    }
    REQUIRE(run.sync());  // moves the recovery point
    for (int i = 0; i < 20; ++i) {
        REQUIRE(run.append({.value_bytes = 900}));
    }
    run.drop();
    fs.kill();
    fs.forget_reads();
    REQUIRE(run.open());
    std::uint64_t read = 0;
    const auto names = fs.list("/wal/t-0");
    for (const std::string& name : *names) {
        read += name.ends_with(".log") ? fs.bytes_read("/wal/t-0/" + name) : 0;
    }
    // The tail twice at most (its batch is looked at first), and a piece to find it.
    CHECK(read < 20 * 1000 + (std::uint64_t{64} << 10) + 16 * 1024);
    CHECK(run.log->end_offset() == 3020);
    CHECK(run.check() == "");
}

TEST_CASE("snapshots of producers that are behind the log's end are not believed later") {
    CrashFs fs;
    WalRun run(fs, options_of(Recovery::tail));
    REQUIRE(run.open());
    for (int i = 0; i < 4; ++i) {
        REQUIRE(run.append({.producer_id = 5, .producer_epoch = 0, .base_sequence = i}));
    }
    REQUIRE(run.close());
    run.drop();
    const std::string log = fs.content(kFirst).value();
    fs.put(kFirst, log.substr(0, log.size() / 2));
    run.appended.resize(2);
    run.acknowledged = 2;
    REQUIRE(run.open());
    CHECK_FALSE(fs.content("/wal/t-0/00000000000000000004.snapshot"));
    CHECK_FALSE(run.append({.producer_id = 5, .producer_epoch = 0, .base_sequence = 4}));
    CHECK(run.append({.producer_id = 5, .producer_epoch = 0, .base_sequence = 2}));
    CHECK(run.check() == "");
}
