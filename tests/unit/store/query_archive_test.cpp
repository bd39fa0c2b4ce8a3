// SPDX-License-Identifier: Apache-2.0
// Queries to archives: which are opened, and what is told and answered where one is damaged or gone.
#include <doctest/doctest.h>

#include "support/store_world.hpp"

using namespace kseg;
using test::make_batches;
using test::offsets_of;
using test::StoreWorld;

namespace {

/// Batches of a record each, which do not fit into few chunks.
std::string log_of(std::int64_t first, std::int64_t end) {
    std::vector<test::BatchPlan> plans;
    for (std::int64_t at = first; at < end; ++at) {
        plans.push_back({.base_offset = at, .padding = 300});
    }
    return make_batches(plans);
}

}  // namespace

TEST_CASE("archives answer where no index and no log is, and only those that may hold what is asked for are opened") {
    StoreWorld world;
    for (const std::int64_t base : {0, 20, 40}) {
        world.archive_alone(base, log_of(base, base + 20));
    }
    const auto all = world.ask({});
    CHECK(all.offsets == offsets_of(0, 60));
    CHECK(all.damages.empty());
    CHECK(all.slices.size() == 3);

    const auto one = world.ask({.range = {.first_offset = 25, .end_offset = 26}});
    CHECK(one.offsets == offsets_of(25, 26));
    REQUIRE(one.slices.size() == 1);
    CHECK(one.slices[0].cost.files == 1);

    // Their times are 1000 + offset.
    const auto late = world.ask({.range = {.since = 1045}});
    CHECK(late.offsets == offsets_of(45, 60));
    REQUIRE(late.slices.size() == 3);
    for (const std::size_t i : {0U, 1U}) {
        CHECK(late.slices[i].skipped_by == store::SkippedBy::name);
        CHECK(late.slices[i].cost.requests == 0);
    }
    CHECK(world.ask({}, "n17").offsets == offsets_of(17, 18));
}

TEST_CASE("an archive that is gone since it was listed is told, and the others answer") {
    StoreWorld world;
    world.archive_alone(0, log_of(0, 10));
    const std::string gone = world.archive_alone(10, log_of(10, 20));
    world.archive_alone(20, log_of(20, 30));
    store::ArchiveRegistry registry(*world.objects);
    REQUIRE(registry.refresh("t"));
    REQUIRE(world.fs.remove(gone));
    world.places.archives = &registry;
    test::KeptAnswer answer;
    const store::Request request;
    store::QueryRun run(world.fs, world.places, request, answer);
    auto listing = store::list_segments(world.fs, world.places, {.topic = "t", .partition = 0});
    REQUIRE(listing);
    CHECK(run.answer(*std::move(listing)));
    auto expected = offsets_of(0, 10);
    const auto rest = offsets_of(20, 30);
    expected.insert(expected.end(), rest.begin(), rest.end());
    CHECK(answer.offsets == expected);
    CHECK(answer.tells({gone}));
}

TEST_CASE("what lies behind a damaged part of an archive is answered, and the damage is told once") {
    StoreWorld world;
    const std::string path = world.archive_alone(0, log_of(0, 40));
    const std::string content = *world.fs.content(path);
    for (const std::size_t at : {content.size() / 8, content.size() / 4, content.size() / 3}) {
        CAPTURE(at);
        world.fs.put(path, content);
        world.damage(path, at, "\x55\xaa\x55\xaa");
        const auto answer = world.ask({});
        CHECK(answer.damages.size() == 1);
        CHECK(answer.tells({path, "00000000000000000000.log"}));
        REQUIRE(answer.offsets.size() >= 30);
        CHECK(answer.offsets.size() < 40);
        CHECK(std::ranges::is_sorted(answer.offsets));
        CHECK(answer.offsets.front() == 0);
        CHECK(answer.offsets.back() == 39);
        // Behind it, nothing is amiss.
        CHECK(world.ask({.range = {.first_offset = 35}}).damages.empty());
    }
}

TEST_CASE("another archive, or the log, answers for what is damaged in an archive") {
    for (const bool by_log : {false, true}) {
        CAPTURE(by_log);
        StoreWorld world;
        const std::string path = world.archive_alone(0, log_of(0, 40));
        if (by_log) {
            world.put_log(0, log_of(0, 40));
        } else {
            world.archive_alone(5, log_of(5, 39));
        }
        world.damage(path, world.fs.content(path)->size() / 4, "\x55\xaa\x55\xaa");
        const auto answer = world.ask({});
        CHECK(answer.offsets == offsets_of(0, 40));
        CHECK(answer.tells({path}));
    }
}

TEST_CASE("an archive whose manifest or index is damaged is scanned") {
    StoreWorld world;
    const std::string path = world.archive_alone(0, log_of(0, 20));
    const std::string content = *world.fs.content(path);
    // The log is the first member; behind it are the files of the index, and then the table, which all of it needs.
    int scanned = 0;
    for (std::size_t at = content.size() / 2; at + 4 < content.size(); at += 97) {
        CAPTURE(at);
        world.fs.put(path, content);
        world.damage(path, at, "\x55\xaa\x55\xaa");
        const auto answer = world.ask({}, "n7 OR n8");
        REQUIRE(answer.slices.size() == 1);
        if (answer.offsets.empty()) {
            CHECK(answer.tells({path}));
        } else {
            CHECK(answer.offsets == offsets_of(7, 9));
            CHECK((answer.slices[0].scanned ? !answer.damages.empty() : answer.damages.empty()));
            scanned += answer.slices[0].scanned ? 1 : 0;
        }
    }
    CHECK(scanned > 3);
}

TEST_CASE("of topics that followed one another under one name the last one answers, unless another one is asked for") {
    StoreWorld world;
    const std::string first_id(22, 'C');
    const std::string second_id(22, 'B');
    world.archive_alone(0, log_of(0, 10), first_id);
    world.archive_alone(3, log_of(3, 20), second_id);
    const auto answer = world.ask({});
    CHECK(answer.offsets == offsets_of(3, 20));
    CHECK(answer.damages.size() == 1);
    CHECK(answer.tells({first_id}));
    world.places.topic_id = first_id;
    CHECK(world.ask({}).offsets == offsets_of(0, 10));
}
