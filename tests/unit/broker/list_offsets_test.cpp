// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "kafka/protocol/messages/list_offsets.hpp"
#include "kafka/protocol/messages/offset_for_leader_epoch.hpp"
#include "support/broker_world.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BrokerWorld;
using kseg::test::make_batch;

namespace {

using Found = ListOffsetsResponse::ListOffsetsPartitionResponse;

Found list(BrokerWorld& world, std::int64_t timestamp, Version version = 11) {
    ListOffsetsRequest request;
    request.replica_id = -1;
    request.topics.push_back({.name = "t", .partitions = {{.partition_index = 0, .timestamp = timestamp}}});
    return world.ask<ListOffsetsResponse>(ApiKey::list_offsets, version, request)->message->topics[0].partitions[0];
}

broker::BrokerSettings small_segments() {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 1}};
    settings.log.segment_bytes = 3'000;
    settings.defaults.retention_ms = -1;
    settings.log.sync = wal::SyncPolicy::none;
    return settings;
}

}  // namespace

TEST_CASE("the record at or after a time is found inside batches, compressed ones too, for every time") {
    BrokerWorld world(small_segments());
    // Times that go up and down, as those of several producers do.
    std::vector<TimestampMs> times;
    for (int i = 0; i < 60; ++i) {
        const TimestampMs time = 1'000'000 + i * 10 - (i % 7) * 25;
        const auto codec = static_cast<codec::Codec>(i % 5);
        world.produce("t", make_batch(1, {.records = 3, .value_bytes = 100, .codec = codec, .time = time}).bytes());
        times.insert(times.end(), {time, time + 1, time + 2});
    }
    for (int life = 0; life < 2; ++life) {
        for (TimestampMs wanted = 999'840; wanted < 1'000'620; wanted += 3) {
            const auto found = list(world, wanted);
            const auto expected = std::ranges::find_if(times, [&](TimestampMs time) { return time >= wanted; });
            const bool there = expected != times.end();
            CHECK(found.offset == (there ? expected - times.begin() : -1));
            CHECK(found.timestamp == (there ? *expected : -1));
        }
        const auto largest = std::ranges::max_element(times);
        CHECK(list(world, -3).offset == largest - times.begin());
        CHECK(list(world, -3).timestamp == *largest);
        CHECK(list(world, -1).offset == 180);
        CHECK(list(world, -2).offset == 0);
        CHECK(list(world, -4).offset == 0);
        CHECK(list(world, -5).offset == -1);
        world.restart();
    }
    REQUIRE(world.broker->topics().remove_records(*world.broker->topics().find("t")->find(0), 100));
    CHECK(list(world, -2).offset == 100);
    CHECK(list(world, 0).offset == 100);
    CHECK(list(world, -1, 2).leader_epoch == -1);
    CHECK(list(world, -1, 4).leader_epoch == 0);
    CHECK(list(world, -4, 7).error_code == ErrorCode::unsupported_version);
    CHECK(list(world, -7).error_code == ErrorCode::unsupported_version);
    CHECK(list(world, -1, 0).old_style_offsets == std::vector<std::int64_t>{180});
}

TEST_CASE("an empty partition has no largest time, and its ends are the same") {
    BrokerWorld world(small_segments());
    CHECK(list(world, -3).offset == -1);
    CHECK(list(world, -3).error_code == ErrorCode::none);
    CHECK(list(world, 5).offset == -1);
    CHECK(list(world, -1).offset == 0);
    CHECK(list(world, -2).offset == 0);
}

TEST_CASE("the end of an epoch is where the next one begins, by the checkpoint that a broker left") {
    BrokerWorld world(small_segments());
    for (int i = 0; i < 10; ++i) {
        world.produce("t", make_batch(1).bytes());
    }
    REQUIRE(world.broker->close());
    world.broker.reset();
    world.fs.put("/data/t-0/leader-epoch-checkpoint", "0\n3\n1 2\n4 5\n6 8\n");
    world.start();
    const auto end_of = [&](std::int32_t epoch, std::int32_t current = -1) {
        OffsetForLeaderEpochRequest request;
        request.topics.push_back(
            {.topic = "t", .partitions = {{.partition = 0, .current_leader_epoch = current, .leader_epoch = epoch}}});
        const auto asked = world.ask<OffsetForLeaderEpochResponse>(ApiKey::offset_for_leader_epoch, 4, request);
        const auto& found = asked->message->topics[0].partitions[0];
        return std::tuple(found.error_code, found.leader_epoch, found.end_offset);
    };
    CHECK(end_of(0) == std::tuple(ErrorCode::none, 0, std::int64_t{2}));
    CHECK(end_of(1) == std::tuple(ErrorCode::none, 1, std::int64_t{5}));
    CHECK(end_of(3) == std::tuple(ErrorCode::none, 1, std::int64_t{5}));
    CHECK(end_of(4) == std::tuple(ErrorCode::none, 4, std::int64_t{8}));
    CHECK(end_of(6) == std::tuple(ErrorCode::none, 6, std::int64_t{10}));
    CHECK(end_of(7) == std::tuple(ErrorCode::none, -1, std::int64_t{-1}));
    CHECK(std::get<0>(end_of(6, 5)) == ErrorCode::fenced_leader_epoch);
    CHECK(std::get<0>(end_of(6, 7)) == ErrorCode::unknown_leader_epoch);
    // What is appended now has the epoch.
    const ByteBuffer batch = make_batch(5);
    CHECK(world.produce("t", batch.bytes()).base_offset == 10);
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 10)).second == test::placed(batch, 10, 6));
}
