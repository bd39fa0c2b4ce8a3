// SPDX-License-Identifier: Apache-2.0
// Large compressed batches are checked beside the loop: order, errors, and what goes on meanwhile.
#include "broker/append_order.hpp"

#include <doctest/doctest.h>

#include "kafka/protocol/messages/delete_topics.hpp"
#include "kafka/record/batch_editor.hpp"
#include "support/broker_world.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BatchPlan;
using kseg::test::BrokerWorld;
using kseg::test::make_batch;
using kseg::test::placed;

namespace {

/// Decompresses to some 1 MiB.
ByteBuffer large(std::uint64_t number, BatchPlan plan = {}) {
    plan.records = 100;
    plan.value_bytes = 10'000;
    plan.codec = codec::Codec::gzip;
    return make_batch(number, plan);
}

broker::BrokerSettings two_topics() {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 1}, {"other", 1}};
    return settings;
}

using Asked = std::shared_ptr<test::Asked<ProduceResponse>>;

Asked send(BrokerWorld& world, const std::string& topic, Bytes batch, std::int16_t acks = -1) {
    return world.send<ProduceResponse>(ApiKey::produce, 9, BrokerWorld::produce_request(topic, batch, acks));
}

const ProduceResponse::PartitionProduceResponse& answer_of(const Asked& asked) {
    REQUIRE(asked->message);
    return asked->message->responses.at(0).partition_responses.at(0);
}

}  // namespace

TEST_CASE("what comes behind a large batch for its partition waits for it, and other partitions do not") {
    BrokerWorld world(two_topics());
    world.workers.held_back = true;
    const ByteBuffer first = large(1);
    const ByteBuffer second = make_batch(2, {.records = 3});
    const ByteBuffer third = large(3);
    const auto one = send(world, "t", first.bytes());
    const auto two = send(world, "t", second.bytes());
    const auto three = send(world, "t", third.bytes());
    CHECK(world.workers.waiting.size() == 2);
    CHECK(world.produce("other", second.bytes()).base_offset == 0);
    CHECK_FALSE(one->got);
    CHECK_FALSE(two->got);
    CHECK(world.broker->topics().find("t")->find(0)->end_offset() == 0);
    // The later one is checked first.
    std::swap(world.workers.waiting[0], world.workers.waiting[1]);
    world.workers.run_waiting();
    REQUIRE(world.loop.run_until([&] { return one->got && two->got && three->got; }));
    CHECK(answer_of(one).base_offset == 0);
    CHECK(answer_of(two).base_offset == 100);
    CHECK(answer_of(three).base_offset == 103);
    const auto log = world.fs.content("/data/t-0/00000000000000000000.log");
    CHECK(*log == placed(first, 0) + placed(second, 100) + placed(third, 103));
}

TEST_CASE("a small batch that decompresses to much is checked beside the loop too, and others are not") {
    BrokerWorld world(two_topics());
    world.workers.held_back = true;
    const auto small = world.produce("t", make_batch(1, {.records = 5, .codec = codec::Codec::gzip}).bytes());
    CHECK(small.error_code == ErrorCode::none);
    const auto plain = world.produce("t", make_batch(1, {.records = 50, .value_bytes = 10'000}).bytes());
    CHECK(plain.error_code == ErrorCode::none);
    CHECK(world.workers.waiting.empty());
    const ByteBuffer batch = large(1);
    REQUIRE(batch.size() < 16'000);
    const auto asked = send(world, "t", batch.bytes());
    CHECK(world.workers.waiting.size() == 1);
    world.workers.run_waiting();
    REQUIRE(world.loop.run_until([&] { return asked->got.has_value(); }));
    CHECK(answer_of(asked).base_offset == 55);
}

TEST_CASE("a large batch that is no batch is refused in its turn, and nothing of it is appended") {
    BrokerWorld world(two_topics());
    world.workers.held_back = true;
    ByteBuffer bad = large(1);
    // The body's last bytes, and a CRC that vouches for them.
    bad.data()[bad.size() - 6] ^= std::byte{1};
    wire::store_big(bad.data() + record::kCrcAt, crc32c(bad.bytes().subspan(record::kCrcCoverAt)));
    const ByteBuffer good = make_batch(2);
    const auto one = send(world, "t", bad.bytes());
    const auto two = send(world, "t", good.bytes());
    world.workers.run_waiting();
    REQUIRE(world.loop.run_until([&] { return one->got && two->got; }));
    CHECK(answer_of(one).error_code == ErrorCode::invalid_record);
    CHECK(answer_of(two).base_offset == 0);
    CHECK(*world.fs.content("/data/t-0/00000000000000000000.log") == placed(good, 0));
}

TEST_CASE("an idempotent producer's large batches are told apart as they are appended") {
    BrokerWorld world(two_topics());
    world.workers.held_back = true;
    const ByteBuffer first = large(1, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0});
    const ByteBuffer next = large(2, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 100});
    const ByteBuffer gap = large(3, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 999});
    const std::vector<Asked> asked = {send(world, "t", first.bytes()), send(world, "t", first.bytes()),
                                      send(world, "t", next.bytes()), send(world, "t", gap.bytes())};
    world.workers.run_waiting();
    REQUIRE(world.loop.run_until([&] { return asked[0]->got && asked[1]->got && asked[2]->got && asked[3]->got; }));
    CHECK(answer_of(asked[0]).base_offset == 0);
    CHECK(answer_of(asked[1]).base_offset == 0);
    CHECK(answer_of(asked[2]).base_offset == 100);
    CHECK(answer_of(asked[3]).error_code == ErrorCode::out_of_order_sequence_number);
    CHECK(world.broker->topics().find("t")->find(0)->end_offset() == 200);
}

TEST_CASE("a topic that is deleted, and a broker that ends, while a large batch is checked") {
    BrokerWorld world(two_topics());
    world.workers.held_back = true;
    const ByteBuffer batch = large(1);
    const auto asked = send(world, "t", batch.bytes());
    DeleteTopicsRequest request;
    request.topic_names = {"t"};
    const auto deleted = world.send<DeleteTopicsResponse>(ApiKey::delete_topics, 5, request);
    world.workers.run_waiting();
    REQUIRE(world.loop.run_until([&] {
        world.workers.run_waiting();
        return asked->got && deleted->got;
    }));
    CHECK(answer_of(asked).error_code == ErrorCode::unknown_topic_or_partition);
    const auto late = send(world, "other", batch.bytes());
    const auto behind = send(world, "other", batch.bytes(), 0);
    world.broker.reset();
    world.workers.run_waiting();
    world.loop.run_until_idle();
    CHECK_FALSE(late->got);
    CHECK_FALSE(behind->got);
    world.workers.held_back = false;
    world.fs.kill();
    world.start();
    CHECK(world.broker->topics().find("other")->find(0)->end_offset() == 0);
}
