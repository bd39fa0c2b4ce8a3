// SPDX-License-Identifier: Apache-2.0
// Settings of topics as clients change them; what Kafka answers is compared in tests/e2e/test_serve_like_kafka.py.
#include <doctest/doctest.h>

#include "kafka/protocol/messages/alter_configs.hpp"
#include "kafka/protocol/messages/create_partitions.hpp"
#include "kafka/protocol/messages/describe_log_dirs.hpp"
#include "kafka/protocol/messages/incremental_alter_configs.hpp"
#include "support/broker_world.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BrokerWorld;
using kseg::test::Fault;
using kseg::test::make_batch;

namespace {

using Change = IncrementalAlterConfigsRequest::AlterableConfig;

IncrementalAlterConfigsRequest change_of(const std::string& topic, std::vector<Change> changes) {
    IncrementalAlterConfigsRequest request;
    request.resources.push_back({.resource_type = 2, .resource_name = topic, .configs = std::move(changes)});
    return request;
}

ErrorCode change(BrokerWorld& world, std::vector<Change> changes) {
    return world
        .ask<IncrementalAlterConfigsResponse>(ApiKey::incremental_alter_configs, 1, change_of("t", std::move(changes)))
        ->message->responses.at(0)
        .error_code;
}

broker::BrokerSettings one_topic() {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 1}};
    return settings;
}

std::string set_of(BrokerWorld& world, const std::string& name) {
    const auto& configs = world.broker->topics().find("t")->configs;
    const auto found = configs.find(name);
    return found == configs.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("settings that were changed are in force, and are there after a power cut") {
    BrokerWorld world(one_topic());
    CHECK(change(world, {{"retention.ms", 0, "5"}, {"cleanup.policy", 2, "compact"}, {"segment.bytes", 0, "400"}}) ==
          ErrorCode::none);
    CHECK(world.broker->topics().find("t")->settings.retention_ms == 5);
    for (std::uint64_t i = 0; i < 10; ++i) {
        CHECK(world.produce("t", make_batch(i, {.value_bytes = 100}).bytes()).error_code == ErrorCode::none);
    }
    CHECK(world.broker->topics().find("t")->find(0)->sealed_segments()->size() == 4);  // two batches of 177 bytes each
    world.crash(5);
    CHECK(set_of(world, "retention.ms") == "5");
    CHECK(set_of(world, "cleanup.policy") == "delete,compact");
    CHECK(change(world, {{"retention.ms", 1, std::nullopt}, {"cleanup.policy", 3, "delete"}}) == ErrorCode::none);
    world.crash(6);
    CHECK(set_of(world, "retention.ms").empty());
    CHECK(set_of(world, "cleanup.policy") == "compact");
    AlterConfigsRequest all;
    all.resources.push_back({.resource_type = 2, .resource_name = "t", .configs = {{"max.message.bytes", "100"}}});
    CHECK(world.ask<AlterConfigsResponse>(ApiKey::alter_configs, 2, all)->message->responses.at(0).error_code ==
          ErrorCode::none);
    CHECK(world.broker->topics().find("t")->configs == broker::ConfigValues{{"max.message.bytes", "100"}});
    CHECK(world.produce("t", make_batch(1, {.value_bytes = 100}).bytes()).error_code == ErrorCode::message_too_large);
}

TEST_CASE("settings are the old or the new ones, whatever fails while they are changed") {
    for (const Fault fault : {Fault::fail, Fault::cut}) {
        bool past_end = false;
        for (std::uint64_t k = 1; !past_end; ++k) {
            BrokerWorld world(one_topic());
            REQUIRE(change(world, {{"retention.ms", 0, "1"}}) == ErrorCode::none);
            const std::uint64_t before = world.fs.operations();
            world.fs.fail_at(before + k, fault);
            const bool ok = change(world, {{"retention.ms", 0, "2"}}) == ErrorCode::none;
            past_end = world.fs.operations() < before + k;
            CHECK(set_of(world, "retention.ms") == (ok ? "2" : "1"));
            world.crash(k);
            const std::string there = set_of(world, "retention.ms");
            CHECK((there == "2" || (there == "1" && !ok)));
        }
    }
}

TEST_CASE("a change of settings waits until the topic was grown, and both are there") {
    BrokerWorld world(one_topic());
    world.workers.held_back = true;
    CreatePartitionsRequest more;
    more.topics.push_back({.name = "t", .count = 3, .assignments = std::nullopt});
    const auto grown = world.send<CreatePartitionsResponse>(ApiKey::create_partitions, 3, more);
    const auto changed = world.send<IncrementalAlterConfigsResponse>(ApiKey::incremental_alter_configs, 1,
                                                                     change_of("t", {{"retention.ms", 0, "7"}}));
    REQUIRE(world.loop.run_until([&] {
        world.workers.run_waiting();
        return grown->got && changed->got;
    }));
    CHECK(grown->message->results.at(0).error_code == ErrorCode::none);
    CHECK(changed->message->responses.at(0).error_code == ErrorCode::none);
    CHECK_FALSE(world.broker->keeps_any());
    world.workers.held_back = false;
    world.crash(9);
    CHECK(world.broker->topics().find("t")->partitions.size() == 3);
    CHECK(set_of(world, "retention.ms") == "7");
}

TEST_CASE("a log directory is described with the bytes of its partitions") {
    BrokerWorld world(one_topic());
    const ByteBuffer batch = make_batch(1);
    CHECK(world.produce("t", batch.bytes()).error_code == ErrorCode::none);
    DescribeLogDirsRequest request{.topics = std::nullopt};
    const auto asked = world.ask<DescribeLogDirsResponse>(ApiKey::describe_log_dirs, 4, request);
    const auto& result = asked->message->results.at(0);
    CHECK(result.log_dir == "/data");
    REQUIRE(result.topics.size() == 1);
    CHECK(result.topics[0].partitions.at(0).partition_size == static_cast<std::int64_t>(batch.size()));
}
