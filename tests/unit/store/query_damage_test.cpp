// SPDX-License-Identifier: Apache-2.0
// Queries over what is damaged, gone or of another time: what can be answered is, and what cannot is told.
#include <doctest/doctest.h>

#include "support/store_world.hpp"

using namespace kseg;
using store::Take;
using test::make_batch;
using test::make_batches;
using test::offsets_of;
using test::StoreWorld;

namespace {

/// A segment of ten batches of one record from `base` on.
std::string segment_of(std::int64_t base, std::size_t padding = 0) {
    std::vector<test::BatchPlan> plans;
    for (std::int64_t at = base; at < base + 10; ++at) {
        plans.push_back({.base_offset = at, .padding = padding});
    }
    return make_batches(plans);
}

/// Two segments, 0 and 10, with indexes.
void fill(StoreWorld& world) {
    for (const std::int64_t base : {0, 10}) {
        world.put_log(base, segment_of(base));
        world.index(base);
    }
}

std::vector<std::int64_t> without(std::vector<std::int64_t> offsets, std::int64_t one) {
    offsets.erase(std::ranges::find(offsets, one));
    return offsets;
}

}  // namespace

TEST_CASE("an index that cannot be used is told, and its log is read without it") {
    struct Case {
        const char* file;
        std::size_t at;
        std::optional<std::string> match;
    };
    // The manifest's first byte; a byte of the batch table; one of the checksums.
    for (const Case& one : {Case{"manifest.json", 0, {}}, Case{"batches", 3, {}}, Case{"checksums", 3, {}},
                            Case{"manifest.json", 0, "even OR odd"}, Case{"batches", 3, "even OR odd"}}) {
        for (const bool with_wal : {true, false}) {
            CAPTURE(one.file);
            CAPTURE(with_wal);
            StoreWorld world;
            fill(world);
            world.damage(StoreWorld::index_path(0) + "/" + one.file, one.at, "\xff");
            if (!with_wal) {
                world.places.wal.reset();
            }
            const auto answer = world.ask({}, one.match);
            CHECK(answer.tells({one.file}));
            // Without the manifest nobody knows where the log is.
            const bool lost = !with_wal && std::string_view(one.file) == "manifest.json";
            CHECK(answer.offsets == offsets_of(lost ? 10 : 0, 20));
        }
    }
}

TEST_CASE("every byte of an index may be wrong: nothing is left out in silence") {
    StoreWorld world;
    fill(world);
    const auto names = world.fs.list(StoreWorld::index_path(0));
    REQUIRE(names);
    for (const std::string& name : *names) {
        const std::string path = StoreWorld::index_path(0) + "/" + name;
        const std::string good = *world.fs.content(path);
        for (std::size_t at = 0; at < good.size(); at += 1 + good.size() / 60) {
            CAPTURE(name);
            CAPTURE(at);
            world.damage(path, at, std::string(1, static_cast<char>(good[at] ^ 0x20)));
            const auto answer = world.ask({}, "n3 OR n15");
            REQUIRE(answer.offsets == std::vector<std::int64_t>{3, 15});
            world.fs.put(path, good);
        }
    }
}

TEST_CASE("an index of another log is told, and the log that is there is read") {
    StoreWorld world;
    fill(world);
    // As long as the other one.
    std::string other = segment_of(0);
    const std::string last = make_batch({.base_offset = 9, .attributes = record::kTransactionalBit});
    other.replace(other.size() - last.size(), last.size(), last);
    for (const std::string& log : {other, segment_of(0) + make_batch({.base_offset = 10})}) {
        world.put_log(0, log);
        for (const bool with_wal : {true, false}) {
            world.places.wal = with_wal ? std::optional<std::string>("/wal") : std::nullopt;
            const auto answer = world.ask({});
            CHECK(answer.offsets == offsets_of(0, 20));
            CHECK(answer.tells({StoreWorld::log_path(0), "not the log of "}));
            // Its times say nothing of this log either.
            CHECK(world.ask({.range = {.since = 5000}}).offsets.empty());
        }
    }
}

TEST_CASE("a batch that is another one than was indexed is told, and the rest is read without the index") {
    StoreWorld world;
    world.put_log(0, segment_of(0, 100));
    std::vector<test::BatchPlan> plans;
    for (std::int64_t at = 0; at < 40; ++at) {
        plans.push_back({.base_offset = at});
    }
    world.put_log(0, make_batches(plans));
    world.index(0);
    const std::size_t size = make_batch({.base_offset = 10}).size();
    std::string log = *world.fs.content(StoreWorld::log_path(0));
    std::size_t at = 0;
    for (std::int64_t offset = 0; offset < 18; ++offset) {
        at += make_batch({.base_offset = offset}).size();
    }
    world.damage(StoreWorld::log_path(0), at, make_batch({.base_offset = 18, .attributes = record::kTransactionalBit}));
    REQUIRE(log.substr(at, size) == make_batch({.base_offset = 18}));
    const auto answer = world.ask({});
    CHECK(answer.offsets == offsets_of(0, 40));
    CHECK(answer.tells({StoreWorld::log_path(0), fmt::format("offset {}: batch", at)}));
}

TEST_CASE("a log that is gone is told, and everything else is answered") {
    StoreWorld world;
    fill(world);
    world.remove_log(0);
    const auto answer = world.ask({});
    CHECK(answer.offsets == offsets_of(10, 20));
    CHECK(answer.tells({StoreWorld::log_path(0)}));
    CHECK(world.ask({.count_only = true}).given == 10);
    // What does not ask for it does not need it.
    CHECK(world.ask({.range = {.first_offset = 10}}).damages.empty());
}

TEST_CASE("a log that was moved is found by its name in the log directory") {
    StoreWorld world;
    world.fs.put("/elsewhere/0.log", segment_of(0));
    world.index_of("/elsewhere/0.log", 0);
    REQUIRE(world.fs.remove("/elsewhere/0.log"));
    world.put_log(0, segment_of(0));
    const auto answer = world.ask({});
    CHECK(answer.offsets == offsets_of(0, 10));
    CHECK(answer.damages.empty());
    REQUIRE(answer.slices.size() == 1);
    CHECK(!answer.slices[0].scanned);
}

TEST_CASE("a batch that has rotted since is told and left out, by index and by scan, where it is asked for") {
    StoreWorld world;
    fill(world);
    const std::size_t size = make_batch({.base_offset = 0}).size();
    const std::size_t at = 4 * size;
    world.damage(StoreWorld::log_path(0), at + size - 1, "\x7f");
    for (const bool indexed : {true, false}) {
        world.places.store = indexed ? std::optional<std::string>("/store") : std::nullopt;
        const auto answer = world.ask({});
        CHECK(answer.offsets == without(offsets_of(0, 20), 4));
        CHECK(answer.tells({StoreWorld::log_path(0), fmt::format("offset {}: batch crc", at)}));
        CHECK(answer.damages.size() == 1);
        CHECK(world.ask({.range = {.first_offset = 5}}).damages.empty());
        CHECK(world.ask({.range = {.end_offset = 4}}).damages.empty());
        CHECK(world.ask({.range = {.first_offset = 4, .end_offset = 5}}).damages.size() == 1);
        CHECK(world.ask({.take = Take::batches}).offsets == without(offsets_of(0, 20), 4));
    }
}

TEST_CASE("damage that was there when the log was indexed is told as a scan tells it") {
    const std::size_t size = make_batch({.base_offset = 0}).size();
    std::string rotten = segment_of(0);
    rotten[4 * size + size - 1] = 0x7f;
    std::string gap = segment_of(0);
    gap.replace(4 * size, size, std::string(size, 'x'));
    const std::string torn = segment_of(0).substr(0, 10 * size - 5);
    struct Case {
        std::string log;
        std::int64_t lost;
    };
    for (const Case& one : {Case{rotten, 4}, Case{gap, 4}, Case{torn, 9}}) {
        const std::int64_t lost = one.lost;
        StoreWorld world;
        world.put_log(0, one.log);
        world.put_log(10, segment_of(10));
        world.index(0);
        for (const bool indexed : {true, false}) {
            CAPTURE(lost);
            CAPTURE(indexed);
            world.places.store = indexed ? std::optional<std::string>("/store") : std::nullopt;
            const auto answer = world.ask({});
            CHECK(answer.offsets == without(offsets_of(0, 20), lost));
            CHECK(!answer.damages.empty());
            CHECK(answer.tells(
                {fmt::format("{}: offset {}: ", StoreWorld::log_path(0), static_cast<std::size_t>(lost) * size)}));
            for (std::int64_t first = 0; first < 10; ++first) {
                CHECK(world.ask({.range = {.first_offset = first, .end_offset = first + 1}}).damages.empty() ==
                      (first != lost));
            }
            // Nobody knows what times and words it had.
            CHECK(!world.ask({.range = {.since = 9000}}).damages.empty());
            CHECK(!world.ask({}, "nowhere").damages.empty());
        }
    }
}

TEST_CASE("what is unfinished at the end of a log is damage, unless the log is being written") {
    StoreWorld world;
    const std::string whole = segment_of(0);
    world.put_log(0, whole + make_batch({.base_offset = 10}).substr(0, 50));
    CHECK(world.ask({}).tells({fmt::format("offset {}: torn tail", whole.size())}));
    {
        const auto lock = world.fs.lock("/wal/.lock");
        REQUIRE(lock);
        const auto answer = world.ask({});
        CHECK(answer.offsets == offsets_of(0, 10));
        CHECK(answer.damages.empty());
        // Of a segment that is not the last one nothing is under way.
        world.put_log(20, segment_of(20));
        CHECK(!world.ask({}).damages.empty());
    }
}

TEST_CASE("offsets that no segment holds between two that are there are told") {
    StoreWorld world;
    world.put_log(0, segment_of(0));
    world.put_log(30, segment_of(30));
    world.index(0);
    const auto answer = world.ask({});
    CHECK(answer.offsets.size() == 20);
    CHECK(answer.tells({StoreWorld::log_path(30), "offsets 10 to 29 are missing before this segment"}));
    CHECK(world.ask({.range = {.end_offset = 10}}).damages.empty());
    CHECK(world.ask({.range = {.first_offset = 30}}).damages.empty());
    // What is in front of all, or behind, is missing nowhere.
    CHECK(world.ask({.range = {.first_offset = 35}}).damages.empty());
}

TEST_CASE("an index that ends before the next one leaves what follows to a log") {
    StoreWorld world;
    world.put_log(0, segment_of(0));
    world.put_log(20, segment_of(20));
    world.index(0);
    world.index(20);
    world.remove_log(0);
    world.fs.put("/elsewhere/0.log", segment_of(0));
    world.put_log(10, segment_of(10));
    // By names the index of 0 may hold all up to 20. Its log is gone, too.
    auto answer = world.ask({.range = {.first_offset = 10}});
    CHECK(answer.offsets == offsets_of(10, 30));
    CHECK(answer.damages.empty());
    // A range that begins behind the end of the first and within the second.
    answer = world.ask({.range = {.first_offset = 13}});
    CHECK(answer.offsets == offsets_of(13, 30));
    CHECK(answer.damages.empty());
    world.put_log(0, segment_of(0));
    answer = world.ask({});
    CHECK(answer.offsets == offsets_of(0, 30));
    CHECK(answer.damages.empty());
}

TEST_CASE("a batch that does not belong into a segment by its offset is told") {
    StoreWorld world;
    world.put_log(0, segment_of(0) + make_batch({.base_offset = 15}));
    world.put_log(10, segment_of(10));
    const auto answer = world.ask({});
    CHECK(answer.offsets == offsets_of(0, 20));
    CHECK(answer.tells({StoreWorld::log_path(0), "batch offset; expected 0 to 9, got 15"}));
}

TEST_CASE("a file that cannot be opened is told, and the rest is answered") {
    StoreWorld world;
    fill(world);
    world.places.store.reset();
    auto listing = store::list_segments(world.fs, world.places, {.topic = "t", .partition = 0});
    REQUIRE(listing);
    world.remove_log(0);  // between the listing and the reading
    test::KeptAnswer answer;
    const store::Request request;
    store::QueryRun run(world.fs, world.places, request, answer);
    const auto more = run.answer(*std::move(listing));
    REQUIRE(more);
    CHECK(*more);
    CHECK(answer.offsets == offsets_of(10, 20));
    CHECK(answer.tells({StoreWorld::log_path(0)}));
    CHECK(answer.damages.size() == 1);
}

TEST_CASE("an index whose rows are out of order gives all of them, by their base offsets, once") {
    StoreWorld world;
    world.put_log(0, make_batches({{.base_offset = 5}, {.base_offset = 0}, {.base_offset = 7}, {.base_offset = 3}}));
    world.index(0);
    CHECK(world.ask({}).offsets == std::vector<std::int64_t>{0, 3, 5, 7});
    CHECK(world.ask({.range = {.first_offset = 1, .end_offset = 6}}).offsets == std::vector<std::int64_t>{3, 5});
    world.places.store.reset();
    CHECK(world.ask({}).offsets == std::vector<std::int64_t>{5, 0, 7, 3});
}
