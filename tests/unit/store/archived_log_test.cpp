// SPDX-License-Identifier: Apache-2.0
#include "store/archived_log.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

#include "support/archived_world.hpp"
#include "support/faulty_store.hpp"

using namespace kseg;
using kseg::test::ArchivedBatch;
using kseg::test::ArchivedBatchPlan;
using kseg::test::ArchivedWorld;

namespace {

using Random = std::mt19937_64;

std::int64_t below(Random& random, std::int64_t end) {
    return std::uniform_int_distribution<std::int64_t>(0, end - 1)(random);
}

/// Segments with large and small batches, offsets that are missing within batches, between them and between segments.
void fill(ArchivedWorld& world, Random& random, int segments, int batches, std::size_t largest) {
    world.next = 42;
    for (int s = 0; s < segments; ++s) {
        for (int b = 0; b < batches; ++b) {
            ArchivedBatchPlan plan{.value_bytes = static_cast<std::size_t>(below(random, b % 7 == 3 ? 2000 : 60))};
            plan.value_bytes = b == batches / 2 ? largest : plan.value_bytes;
            std::int64_t offset = world.next + (below(random, 4) == 0 ? below(random, 5) : 0);
            for (std::int64_t i = 0, count = 1 + below(random, 5); i < count; ++i) {
                plan.records.emplace_back(offset, 1000 + below(random, 100000));
                offset += 1 + (below(random, 3) == 0 ? below(random, 3) : 0);
            }
            world.add(plan);
        }
        world.seal(s % 2 == 0 ? std::size_t{256} << 10 : 5000);
        world.next += s % 3 == 1 ? 17 : 0;
    }
}

void check_read(store::ArchivedLog& log, const ArchivedWorld& world, std::int64_t from, std::int64_t end,
                std::uint64_t most, bool at_least_one) {
    CAPTURE(from);
    CAPTURE(end);
    CAPTURE(most);
    CAPTURE(at_least_one);
    const auto expected = world.expected(from, end, most, at_least_one);
    const auto got = log.read(from, end, most, at_least_one);
    REQUIRE_MESSAGE(got, (got ? "" : got.error().message()));
    REQUIRE(got->has_value() == expected.there);
    if (expected.there) {
        CHECK((*got)->next_offset == expected.next_offset);
        REQUIRE(((*got)->bytes.text() == expected.bytes));
    }
}

}  // namespace

TEST_CASE("a read of archives gives the batches of the log, from any offset, up to any size and end") {
    Random random(7);
    ArchivedWorld world;
    fill(world, random, 5, 400, 300'000);
    const std::int64_t behind = world.next + 3;
    for (const store::ArchiveCacheLimits limits :
         {store::ArchiveCacheLimits{}, store::ArchiveCacheLimits{.bytes = 600'000, .archives = 2}}) {
        const auto log = world.open(limits);
        CHECK(log->start() == world.batches.front().base);
        CHECK(log->end() == world.batches.back().last + 1);
        for (int i = 0; i < 4000; ++i) {
            const std::int64_t from = below(random, behind);
            const std::int64_t end =
                below(random, 3) == 0 ? from + below(random, 60) : std::numeric_limits<std::int64_t>::max();
            const std::int64_t sizes[] = {0, 1, 100, 3000, 70'000, 1 << 20, 100 << 20};
            const auto most = static_cast<std::uint64_t>(below(random, sizes[below(random, 7)] + 1));
            check_read(*log, world, from, end, most, below(random, 2) == 0);
        }
    }
}

TEST_CASE("whoever reads on gets all of the log, with what is next brought before it is asked for") {
    Random random(8);
    ArchivedWorld world;
    fill(world, random, 3, 300, 900'000);
    const auto log = world.open({.bytes = 16 << 20, .archives = 4});
    std::string all;
    std::string expected;
    for (const ArchivedBatch& batch : world.batches) {
        expected += batch.bytes;
    }
    std::int64_t at = 0;
    int ahead = 0;
    while (const auto slice = *log->read(at, std::numeric_limits<std::int64_t>::max(), 100'000, true)) {
        all += slice->bytes.text();
        at = slice->next_offset;
        if (slice->read_ahead) {
            ++ahead;
            log->read_ahead(at);
        }
    }
    CHECK((all == expected));
    CHECK(at == world.batches.back().last + 1);
    CHECK(ahead > 2);
    CHECK(ahead < 20);
}

TEST_CASE("archives are added and taken out, each once, and those that reach below an offset go") {
    ArchivedWorld world;
    for (int i = 0; i < 3; ++i) {
        world.add(10, 10);
        world.seal();
    }
    const auto names = world.names();
    store::ArchivedLog log(*world.world.objects, std::make_shared<store::ArchiveCache>());
    CHECK(log.empty());
    CHECK_FALSE(log.start());
    CHECK_FALSE(log.end());
    CHECK_FALSE(*log.read(0, 100, 100, true));
    log.add(names[2]);
    CHECK(log.start() == 20);
    log.add(names);
    log.add(names[0]);
    CHECK(log.names() == names);
    CHECK(log.size_bytes() == names[0].size + names[1].size + names[2].size);
    CHECK(log.remove_below(9).empty());
    CHECK(log.remove_below(19) == std::vector(names.begin(), names.begin() + 1));
    CHECK(log.start() == 10);
    CHECK(log.end() == 30);
    const auto slice = *log.read(0, 100, 1 << 20, true);
    REQUIRE(slice);
    CHECK((slice->bytes.text() == world.batches[1].bytes));
    CHECK(log.remove_below(30) == std::vector(names.begin() + 1, names.end()));
    CHECK(log.empty());
}

TEST_CASE("of damaged archives whole batches are given or none, and another archive of the segment is asked") {
    Random random(9);
    ArchivedWorld world;
    for (int i = 0; i < 1200; ++i) {
        world.add(1 + i % 3, 300 + static_cast<std::size_t>(i));
    }
    const std::string path = world.seal();
    const std::string good = *world.world.fs.content(path);
    const auto names = world.names();
    std::size_t refused = 0;
    for (int round = 0; round < 12; ++round) {
        std::string bad = good;
        const auto at = static_cast<std::size_t>(below(random, static_cast<std::int64_t>(good.size() * 3 / 4)));
        bad[at] = static_cast<char>(bad[at] ^ (1 << below(random, 8)));
        world.world.fs.put(path, bad);
        const auto log = world.open();
        std::uint64_t refused_bytes = 0;
        for (const ArchivedBatch& batch : world.batches) {
            const auto got = log->read(batch.base, std::numeric_limits<std::int64_t>::max(), 1, true);
            if (got) {
                REQUIRE(*got);
                REQUIRE(((*got)->bytes.text() == batch.bytes));
            } else {
                CHECK((got.error().code == Errc::corrupt || got.error().code == Errc::truncated));
                refused_bytes += batch.bytes.size();
                ++refused;
            }
        }
        CHECK(refused_bytes < (256U << 10) + 2 * 5000);  // a chunk, and the batches that begin or end in it
    }
    CHECK(refused > 0);
    // The same log once more in other chunks.
    std::string log_bytes;
    for (const ArchivedBatch& batch : world.batches) {
        log_bytes += batch.bytes;
    }
    std::string bad = good;
    bad[good.size() / 3] = static_cast<char>(bad[good.size() / 3] ^ 1);
    world.world.fs.put(path, bad);
    world.pack(0, log_bytes, 7'000);
    REQUIRE(world.names().size() == 2);
    const auto both = world.open();
    for (const ArchivedBatch& batch : world.batches) {
        check_read(*both, world, batch.base, std::numeric_limits<std::int64_t>::max(), 1, true);
    }
}

TEST_CASE("a damaged table of batches is not needed") {
    ArchivedWorld world;
    for (int i = 0; i < 50; ++i) {
        world.add(2, 100);
    }
    const std::string path = world.seal(4096);
    auto archive = archive::Archive::open(*world.world.fs.open(path), "a");
    REQUIRE(archive);
    // Members are stored in order; that of the table is in the last chunks. Every byte of the second half is tried.
    const std::string good = *world.world.fs.content(path);
    std::size_t read = 0;
    for (std::size_t at = good.size() / 2; at + 200 < good.size(); at += 37) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x10);
        world.world.fs.put(path, bad);
        const auto log = world.open();
        const auto got = log->read(51, std::numeric_limits<std::int64_t>::max(), 1, true);
        if (got) {
            REQUIRE(*got);
            CHECK(((*got)->bytes.text() == world.batches[25].bytes));
            ++read;
        }
    }
    CHECK(read > 10);
}

TEST_CASE("a store that fails is an error, and the next read is right") {
    ArchivedWorld world;
    for (int i = 0; i < 2000; ++i) {
        world.add(1, 500);
        if (i % 1000 == 999) {
            world.seal();
        }
    }
    const auto names = world.names();
    test::FaultyStore faulty(std::move(world.world.objects));
    std::size_t failed = 0;
    for (std::uint64_t k = 1; k < 30; ++k) {
        store::ArchivedLog log(faulty, std::make_shared<store::ArchiveCache>());
        log.add(names);
        faulty.fail_at(k, test::StoreFault::before);
        for (const std::int64_t from : {1500, 0, 700, 999, 1999}) {
            const auto got = log.read(from, std::numeric_limits<std::int64_t>::max(), 2000, true);
            if (!got) {
                CHECK(got.error().code == Errc::io);
                ++failed;
            }
            check_read(log, world, from, std::numeric_limits<std::int64_t>::max(), 2000, true);
        }
    }
    CHECK(failed > 2);
}

TEST_CASE("several threads read through one small cache") {
    Random random(10);
    ArchivedWorld world;
    fill(world, random, 4, 300, 500'000);
    const auto log = world.open({.bytes = 1 << 20, .archives = 2});
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        threads.emplace_back([&, seed] {
            Random mine(seed);
            for (int i = 0; i < 400; ++i) {
                const std::int64_t from = below(mine, world.next);
                const auto most = static_cast<std::uint64_t>(below(mine, 1 << 20));
                const auto expected = world.expected(from, std::numeric_limits<std::int64_t>::max(), most, true);
                const auto got = log->read(from, std::numeric_limits<std::int64_t>::max(), most, true);
                const bool right = got && got->has_value() == expected.there &&
                                   (!expected.there || (*got)->bytes.text() == expected.bytes);
                wrong += right ? 0 : 1;
                if (i % 5 == 0) {
                    log->read_ahead(from);
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(wrong == 0);
}

TEST_CASE("records are found by time as by going through all of them") {
    Random random(11);
    ArchivedWorld world;
    fill(world, random, 4, 60, 3000);
    const auto log = world.open();
    const auto first = [&world](TimestampMs time, std::int64_t from, std::int64_t end) {
        for (const ArchivedBatch& batch : world.batches) {
            for (const auto& [offset, stamp] : batch.records) {
                if (stamp >= time && offset >= from && offset < end) {
                    return std::pair(offset, stamp);
                }
            }
        }
        return std::pair<std::int64_t, TimestampMs>(-1, -1);
    };
    for (int i = 0; i < 3000; ++i) {
        const std::int64_t from = below(random, world.next);
        const std::int64_t end = from + below(random, i % 3 == 0 ? 2000 : 20);
        const TimestampMs time = below(random, 2) == 0 ? 990 + below(random, 110'000) : 100'900 + below(random, 120);
        CAPTURE(from);
        CAPTURE(end);
        CAPTURE(time);
        const auto got = log->find_time(time, from, end);
        REQUIRE(got);
        const auto [offset, stamp] = first(time, from, end);
        CHECK(got->value_or(store::TimedOffset{}).offset == offset);
        CHECK(got->value_or(store::TimedOffset{}).timestamp == stamp);
        CHECK(got->value_or(store::TimedOffset{}).leader_epoch == (offset < 0 ? -1 : 3));
        TimestampMs largest = -1;
        for (const ArchivedBatch& batch : world.batches) {
            for (const auto& [at, its] : batch.records) {
                largest = at >= from && at < end ? std::max(largest, its) : largest;
            }
        }
        const auto most = log->max_timestamp(from, end);
        REQUIRE(most);
        CHECK(most->value_or(store::TimedOffset{}).timestamp == largest);
        CHECK(most->value_or(store::TimedOffset{}).offset == (largest < 0 ? -1 : first(largest, from, end).first));
    }
}
