// SPDX-License-Identifier: Apache-2.0
// Queries while segments go from the log directory to archives.
#include <doctest/doctest.h>

#include "support/store_world.hpp"

using namespace kseg;
using test::make_batches;
using test::offsets_of;
using test::StoreWorld;

namespace {

std::string log_of(std::int64_t base) {
    std::vector<test::BatchPlan> plans;
    for (std::int64_t at = base; at < base + 50; at += 5) {
        plans.push_back({.base_offset = at, .records = 5});
    }
    return make_batches(plans);
}

/// Four segments of 50 records; `archived` of them are in archives and no longer here.
void fill(StoreWorld& world, int archived) {
    for (int i = 0; i < 4; ++i) {
        if (i < archived) {
            world.archive_alone(50 * i, log_of(50 * i));
        } else {
            world.put_log(50 * i, log_of(50 * i));
        }
    }
}

/// One segment goes to an archive.
void move(StoreWorld& world, std::int64_t base) {
    world.archive_alone(base, log_of(base));
    world.remove_log(base);
}

test::KeptAnswer run(StoreWorld& world, store::ArchiveRegistry& registry, store::PartitionListing listing,
                     const std::function<void()>& meanwhile = {}) {
    struct Sink final : store::AnswerSink {
        test::KeptAnswer kept;
        std::function<void()> meanwhile;
        void begin_batch(const record::BatchHeader& header) override { kept.begin_batch(header); }
        void record(const record::BatchHeader& header, const record::RecordView& record) override {
            kept.record(header, record);
            if (meanwhile && record.offset == 60) {
                meanwhile();
            }
        }
        void batch(const record::BatchView& batch) override { kept.batch(batch); }
        void damage(const Error& what) override { kept.damage(what); }
        void end_slice(const store::SliceReport& report) override { kept.end_slice(report); }
        bool keep_on(std::uint64_t /*bytes_read*/) override { return true; }
    } sink;
    sink.meanwhile = meanwhile;
    world.places.archives = &registry;
    const store::Request request;
    store::QueryRun query(world.fs, world.places, request, sink);
    const auto more = query.answer(std::move(listing));
    REQUIRE(more);
    CHECK(*more);
    return sink.kept;
}

}  // namespace

TEST_CASE("segments that are archived between listing and reading are found in their archives") {
    StoreWorld world;
    fill(world, 1);
    store::ArchiveRegistry registry(*world.objects);
    world.places.archives = &registry;
    auto listing = store::list_segments(world.fs, world.places, {.topic = "t", .partition = 0});
    REQUIRE(listing);
    move(world, 50);
    const auto answer = run(world, registry, *std::move(listing), [&world] { move(world, 100); });
    CHECK(answer.offsets == offsets_of(0, 200));
    CHECK(answer.damages.empty());
}

TEST_CASE("archives that were listed before the logs were are listed again where they do not reach these") {
    StoreWorld world;
    fill(world, 0);
    store::ArchiveRegistry registry(*world.objects);
    REQUIRE(registry.refresh("t"));
    world.places.archives = &registry;
    move(world, 0);
    move(world, 50);
    auto listing = store::list_segments(world.fs, world.places, {.topic = "t", .partition = 0});
    REQUIRE(listing);
    const auto answer = run(world, registry, *std::move(listing));
    CHECK(answer.offsets == offsets_of(0, 200));
    CHECK(answer.damages.empty());
}

TEST_CASE("a segment that is gone and in no archive is told") {
    StoreWorld world;
    fill(world, 1);
    store::ArchiveRegistry registry(*world.objects);
    world.places.archives = &registry;
    auto listing = store::list_segments(world.fs, world.places, {.topic = "t", .partition = 0});
    REQUIRE(listing);
    world.remove_log(50);
    const auto answer = run(world, registry, *std::move(listing));
    CHECK(answer.tells({"00000000000000000050.log"}));
}
