// SPDX-License-Identifier: Apache-2.0
// Queries over indexes and logs that are whole: what is answered, in which order, and what is read for it.
#include "store/query_run.hpp"

#include <doctest/doctest.h>

#include "support/store_world.hpp"

using namespace kseg;
using store::Take;
using test::make_batch;
using test::make_batches;
using test::offsets_of;
using test::offsets_where;
using test::StoreWorld;

namespace {

bool is_even(std::int64_t offset) {
    return offset % 2 == 0;
}

/// Three segments of ten batches of five records: 0, 50 and 100, of which the first two have indexes.
void fill(StoreWorld& world, std::size_t padding = 0) {
    for (std::int64_t base = 0; base < 150; base += 50) {
        std::vector<test::BatchPlan> plans;
        for (std::int64_t at = base; at < base + 50; at += 5) {
            plans.push_back({.base_offset = at, .records = 5, .padding = padding});
        }
        world.put_log(base, make_batches(plans));
    }
    world.index(0);
    world.index(50);
}

}  // namespace

TEST_CASE("all records come in order, from indexes and from the log that has none") {
    StoreWorld world;
    fill(world);
    const auto answer = world.ask({});
    CHECK(answer.offsets == offsets_of(0, 150));
    CHECK(answer.damages.empty());
    CHECK(answer.more);
    REQUIRE(answer.slices.size() == 3);
    CHECK(!answer.slices[0].scanned);
    CHECK(!answer.slices[1].scanned);
    CHECK(answer.slices[2].scanned);
}

TEST_CASE("every range of offsets holds exactly its offsets, by index and by scan alike") {
    StoreWorld world;
    fill(world);
    for (std::int64_t first = 0; first < 152; first += 7) {
        for (std::int64_t end = first + 1; end < 156; end += 11) {
            const auto answer = world.ask({.range = {.first_offset = first, .end_offset = end}});
            REQUIRE(answer.offsets == offsets_of(first, std::min<std::int64_t>(end, 150)));
            REQUIRE(answer.damages.empty());
        }
    }
}

TEST_CASE("times and text select, and with the limit the answer ends") {
    StoreWorld world;
    fill(world);
    CHECK(world.ask({.range = {.since = 1030, .until = 1120}}).offsets == offsets_of(30, 120));
    CHECK(world.ask({}, "even").offsets == offsets_where(0, 150, is_even));
    CHECK(world.ask({.range = {.first_offset = 11, .until = 1120}}, "odd").offsets ==
          offsets_where(11, 120, [](std::int64_t offset) { return !is_even(offset); }));
    CHECK(world.ask({}, "n77").offsets == offsets_of(77, 78));
    CHECK(world.ask({}, "nothing").offsets.empty());
    for (const std::uint64_t limit : {0U, 1U, 4U, 5U, 6U, 49U, 50U, 51U, 149U}) {
        const auto answer = world.ask({.limit = limit});
        CHECK(answer.offsets == offsets_of(0, static_cast<std::int64_t>(limit)));
        CHECK(!answer.more);
        CHECK(world.ask({.count_only = true, .limit = limit}).given == limit);
    }
}

TEST_CASE("batches are those that hold something that is asked for") {
    StoreWorld world;
    fill(world);
    CHECK(world.ask({.range = {.first_offset = 7, .end_offset = 16}, .take = Take::batches}).offsets ==
          std::vector<std::int64_t>{5, 10, 15});
    CHECK(world.ask({.take = Take::batches}, "n7 OR n101").offsets == std::vector<std::int64_t>{5, 100});
    CHECK(world.ask({.range = {.first_offset = 8}, .take = Take::batches}, "n7 OR n101").offsets ==
          std::vector<std::int64_t>{100});
    CHECK(world.ask({.take = Take::batches, .limit = 2}).offsets == std::vector<std::int64_t>{0, 5});
}

TEST_CASE("counting by an index alone reads no batch, and counts what would be printed") {
    StoreWorld world;
    fill(world, 20000);
    world.places.wal.reset();
    for (const auto& [match, records, batches] :
         std::vector<std::tuple<std::optional<std::string>, std::uint64_t, std::uint64_t>>{
             {std::nullopt, 100, 20}, {"even", 50, 20}, {"n7 OR n51", 2, 2}}) {
        world.fs.forget_reads();
        CHECK(world.ask({.count_only = true}, match).given == records);
        CHECK(world.ask({.take = Take::batches, .count_only = true}, match).given == batches);
        // The headers of some batches tell that it is the log that was indexed.
        CHECK(world.fs.bytes_read(StoreWorld::log_path(0)) < 5000);
    }
    // A batch at an end of the range is read.
    CHECK(world.ask({.range = {.first_offset = 3, .end_offset = 52}, .count_only = true}, "even").given == 24);
    CHECK(world.ask({.range = {.since = 1003}, .count_only = true}).given == 97);
}

TEST_CASE("control records come when they are asked for, and count as offsets in any case") {
    StoreWorld world;
    const std::string log = make_batches({{.base_offset = 0, .records = 2},
                                          {.base_offset = 2, .attributes = record::kControlBit | record::kTransactionalBit},
                                          {.base_offset = 3, .records = 2}});
    world.put_log(0, log);
    world.put_log(5, make_batch({.base_offset = 5, .attributes = record::kControlBit}));
    world.index(0);
    for (const bool indexed : {true, false}) {
        world.places.store = indexed ? std::optional<std::string>("/store") : std::nullopt;
        CHECK(world.ask({}).offsets == std::vector<std::int64_t>{0, 1, 3, 4});
        CHECK(world.ask({.control = true}).offsets == offsets_of(0, 6));
        CHECK(world.ask({.count_only = true}).given == 4);
        CHECK(world.ask({.control = true, .count_only = true}).given == 6);
        CHECK(world.ask({.take = Take::batches}).offsets == std::vector<std::int64_t>{0, 3});
        CHECK(world.ask({.control = true, .take = Take::batches}).offsets == std::vector<std::int64_t>{0, 2, 3, 5});
        CHECK(world.ask({}, "n2").offsets.empty());
        CHECK(world.ask({.control = true}, "n2").offsets == offsets_of(2, 3));
    }
}

TEST_CASE("offsets that are sparse are found where they are, and batches by all that they span") {
    StoreWorld world;
    world.put_log(
        0, make_batches({{.base_offset = 0, .records = 3, .step = 10}, {.base_offset = 40, .records = 2, .step = 5}}));
    world.index(0);
    for (const bool indexed : {true, false}) {
        world.places.store = indexed ? std::optional<std::string>("/store") : std::nullopt;
        CHECK(world.ask({.range = {.first_offset = 1, .end_offset = 41}}).offsets == std::vector<std::int64_t>{10, 20, 40});
        CHECK(world.ask({.range = {.first_offset = 11, .end_offset = 20}}).offsets.empty());
        CHECK(world.ask({.range = {.first_offset = 11, .end_offset = 20}, .take = Take::batches}).offsets ==
              std::vector<std::int64_t>{0});
        CHECK(world.ask({.range = {.first_offset = 21, .end_offset = 40}, .take = Take::batches}).offsets.empty());
    }
}

TEST_CASE("neighbouring batches are read together, and nothing far from what is wanted is") {
    StoreWorld world;
    std::vector<test::BatchPlan> plans;
    for (std::int64_t at = 0; at < 4000; ++at) {
        plans.push_back({.base_offset = at, .padding = 900});
    }
    world.put_log(0, make_batches(plans));  // about 4 MB
    world.index(0);
    const auto all = world.ask({});
    CHECK(all.offsets.size() == 4000);
    CHECK(all.slices[0].cost.requests < 40);
    const auto one = world.ask({.range = {.first_offset = 2500, .end_offset = 2501}});
    CHECK(one.offsets == offsets_of(2500, 2501));
    CHECK(one.slices[0].cost.bytes < 200000);
    CHECK(one.slices[0].batches == 1);
    CHECK(one.slices[0].records == 1);
    const auto few = world.ask({}, "n5 OR n3900");
    CHECK(few.offsets == std::vector<std::int64_t>{5, 3900});
    CHECK(few.slices[0].batches == 2);
    CHECK(world.fs.bytes_read(StoreWorld::log_path(0)) < 9000000);
    const auto first = world.ask({.limit = 1});
    CHECK(first.offsets == offsets_of(0, 1));
    CHECK(first.slices[0].cost.bytes < 200000);
}

TEST_CASE("segments whose names or times lie outside of the range are not opened, or no further than their manifest") {
    StoreWorld world;
    fill(world);
    world.fs.forget_reads();
    CHECK(world.ask({.range = {.first_offset = 60, .end_offset = 70}}).offsets == offsets_of(60, 70));
    CHECK(world.fs.bytes_read(StoreWorld::index_path(0) + "/manifest.json") == 0);
    CHECK(world.fs.bytes_read(StoreWorld::log_path(0)) == 0);
    CHECK(world.fs.bytes_read(StoreWorld::log_path(100)) == 0);
    world.fs.forget_reads();
    const auto late = world.ask({.range = {.since = 1060, .until = 1062}});
    CHECK(late.offsets == offsets_of(60, 62));
    CHECK(late.slices[0].skipped_by == store::SkippedBy::manifest);
    CHECK(world.fs.bytes_read(StoreWorld::index_path(0) + "/batches") == 0);
    CHECK(world.fs.bytes_read(StoreWorld::log_path(0)) == 0);
}

TEST_CASE("a sink that wants nothing further ends the answer") {
    StoreWorld world;
    fill(world);
    const auto answer = world.ask({}, std::nullopt, 20);
    CHECK(!answer.more);
    CHECK(answer.offsets.size() < 150);
}

TEST_CASE("an interrupt ends the answer with an error") {
    StoreWorld world;
    fill(world);
    test::KeptAnswer answer;
    const store::Request request{.stop = [] { return true; }};
    store::QueryRun run(world.fs, world.places, request, answer);
    auto listing = store::list_segments(world.fs, world.places, {.topic = "t", .partition = 0});
    REQUIRE(listing);
    const auto more = run.answer(*std::move(listing));
    REQUIRE(!more);
    CHECK(more.error().code == Errc::cancelled);
}
