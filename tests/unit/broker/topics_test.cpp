// SPDX-License-Identifier: Apache-2.0
// Topics as clients make, grow, describe and delete them, and as a directory keeps them.
#include "broker/topics.hpp"

#include <doctest/doctest.h>

#include "kafka/protocol/messages/create_partitions.hpp"
#include "kafka/protocol/messages/create_topics.hpp"
#include "kafka/protocol/messages/delete_records.hpp"
#include "kafka/protocol/messages/delete_topics.hpp"
#include "kafka/protocol/messages/describe_configs.hpp"
#include "kafka/protocol/messages/describe_topic_partitions.hpp"
#include "kafka/protocol/messages/metadata.hpp"
#include "support/broker_world.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BrokerWorld;
using kseg::test::make_batch;
using kseg::test::placed;

namespace {

CreateTopicsResponse::CreatableTopicResult create(BrokerWorld& world, CreateTopicsRequest::CreatableTopic topic,
                                                  bool validate_only = false) {
    CreateTopicsRequest request;
    request.topics.push_back(std::move(topic));
    request.validate_only = validate_only;
    return world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, request)->message->topics.at(0);
}

MetadataResponse::MetadataResponseTopic metadata(BrokerWorld& world, const std::string& name, bool may_create,
                                                 Version version = 12) {
    MetadataRequest request;
    request.topics->push_back({.name = name});
    request.allow_auto_topic_creation = may_create;
    return world.ask<MetadataResponse>(ApiKey::metadata, version, request)->message->topics.at(0);
}

}  // namespace

TEST_CASE("metadata makes a topic where the client and the broker allow it, and names the broker as controller") {
    broker::BrokerSettings settings;
    settings.default_partitions = 3;
    BrokerWorld world(settings);
    CHECK(metadata(world, "t", false).error_code == ErrorCode::unknown_topic_or_partition);
    const auto made = metadata(world, "t", true);
    CHECK(made.error_code == ErrorCode::none);
    CHECK(made.partitions.size() == 3);
    CHECK(made.partitions[2].leader_id == 1);
    CHECK(metadata(world, "bad name", true).error_code == ErrorCode::invalid_topic_exception);
    const auto all = world.ask<MetadataResponse>(ApiKey::metadata, 12, MetadataRequest{.topics = std::nullopt});
    CHECK(all->message->topics.size() == 1);
    CHECK(all->message->controller_id == 1);
    CHECK(all->message->brokers.at(0).host == "broker.test");
    CHECK(world.ask<MetadataResponse>(ApiKey::metadata, 12, MetadataRequest{})->message->topics.empty());
    CHECK(world.ask<MetadataResponse>(ApiKey::metadata, 0, MetadataRequest{})->message->topics.size() == 1);
    world.settings.auto_create = false;
    world.restart();
    CHECK(metadata(world, "u", true).error_code == ErrorCode::unknown_topic_or_partition);
    MetadataRequest by_id;
    by_id.topics->push_back({.topic_id = made.topic_id, .name = std::nullopt});
    CHECK(world.ask<MetadataResponse>(ApiKey::metadata, 12, by_id)->message->topics.at(0).name == "t");
    by_id.topics->at(0).topic_id.bytes[0] ^= std::byte{1};
    CHECK(world.ask<MetadataResponse>(ApiKey::metadata, 12, by_id)->message->topics.at(0).error_code ==
          ErrorCode::unknown_topic_id);
}

TEST_CASE("a topic is made with what is asked for, or refused with a reason") {
    BrokerWorld world;
    CHECK(create(world, {.name = "t", .num_partitions = 2, .replication_factor = 1}, true).error_code == ErrorCode::none);
    CHECK(world.broker->topics().find("t") == nullptr);
    const auto made =
        create(world, {.name = "t", .num_partitions = 2, .replication_factor = -1, .configs = {{"retention.ms", "1000"}}});
    CHECK(made.error_code == ErrorCode::none);
    CHECK(made.num_partitions == 2);
    CHECK_FALSE(made.topic_id.is_zero());
    const auto code = [&](CreateTopicsRequest::CreatableTopic topic) { return create(world, std::move(topic)).error_code; };
    CHECK(code({.name = "t", .num_partitions = 1, .replication_factor = 1}) == ErrorCode::topic_already_exists);
    CHECK(code({.name = "a/b", .num_partitions = 1, .replication_factor = 1}) == ErrorCode::invalid_topic_exception);
    CHECK(code({.name = "..", .num_partitions = 1, .replication_factor = 1}) == ErrorCode::invalid_topic_exception);
    CHECK(code({.name = "u", .num_partitions = 0, .replication_factor = 1}) == ErrorCode::invalid_partitions);
    CHECK(code({.name = "u", .num_partitions = INT32_MAX, .replication_factor = 1}) == ErrorCode::invalid_partitions);
    CHECK(code({.name = "u", .num_partitions = 1, .replication_factor = 3}) == ErrorCode::invalid_replication_factor);
    CHECK(code({.name = "u", .num_partitions = 1, .replication_factor = 1, .configs = {{"no.such", "1"}}}) ==
          ErrorCode::invalid_config);
    CHECK(code({.name = "u", .num_partitions = -1, .replication_factor = -1, .assignments = {{0, {1}}, {1, {2}}}}) ==
          ErrorCode::invalid_replica_assignment);
    CHECK(code({.name = "u", .num_partitions = -1, .replication_factor = -1, .assignments = {{0, {1}}, {1, {1}}}}) ==
          ErrorCode::none);
    CHECK(code({.name = "x.y", .num_partitions = 1, .replication_factor = 1}) == ErrorCode::none);
    CHECK(code({.name = "x_y", .num_partitions = 1, .replication_factor = 1}) == ErrorCode::invalid_topic_exception);
    CreateTopicsRequest twice;
    twice.topics = {{.name = "w", .num_partitions = 1, .replication_factor = 1},
                    {.name = "w", .num_partitions = 1, .replication_factor = 1}};
    const auto refused = world.ask<CreateTopicsResponse>(ApiKey::create_topics, 5, twice);
    REQUIRE(refused->message->topics.size() == 1);
    CHECK(refused->message->topics[0].error_code == ErrorCode::invalid_request);
}

TEST_CASE("ids, settings and partitions of topics are as they were after a restart and after a power cut") {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        BrokerWorld world;
        create(world, {.name = "t", .num_partitions = 2, .replication_factor = 1, .configs = {{"retention.ms", "1000"}}});
        CreatePartitionsRequest more;
        more.topics.push_back({.name = "t", .count = 4, .assignments = std::nullopt});
        CHECK(world.ask<CreatePartitionsResponse>(ApiKey::create_partitions, 3, more)->message->results.at(0).error_code ==
              ErrorCode::none);
        CHECK(world.ask<CreatePartitionsResponse>(ApiKey::create_partitions, 3, more)->message->results.at(0).error_code ==
              ErrorCode::invalid_partitions);
        const Uuid id = world.broker->topics().find("t")->id;
        const std::string cluster = world.broker->identity().cluster_id;
        seed == 0 ? world.restart() : world.crash(seed);
        broker::Topic* const topic = world.broker->topics().find("t");
        REQUIRE(topic != nullptr);
        CHECK(topic->id == id);
        CHECK(topic->partitions.size() == 4);
        CHECK(topic->settings.retention_ms == 1000);
        CHECK(world.broker->identity().cluster_id == cluster);
    }
}

TEST_CASE("a topic that was deleted is gone for good, and one of its name that is made anew is another") {
    BrokerWorld world;
    create(world, {.name = "t", .num_partitions = 2, .replication_factor = 1, .configs = {{"retention.ms", "1000"}}});
    const Uuid old = world.broker->topics().find("t")->id;
    CHECK(world.produce("t", make_batch(1).bytes()).error_code == ErrorCode::none);
    DeleteTopicsRequest by_name;
    by_name.topic_names = {"t", "nobody"};
    const auto gone = world.ask<DeleteTopicsResponse>(ApiKey::delete_topics, 5, by_name);
    CHECK(gone->message->responses.at(0).error_code == ErrorCode::none);
    CHECK(gone->message->responses.at(1).error_code == ErrorCode::unknown_topic_or_partition);
    CHECK(world.produce("t", make_batch(1).bytes()).error_code == ErrorCode::unknown_topic_or_partition);
    world.crash(3);
    CHECK(world.broker->topics().find("t") == nullptr);
    create(world, {.name = "t", .num_partitions = 1, .replication_factor = 1});
    const broker::Topic* const made = world.broker->topics().find("t");
    CHECK(made->id != old);
    CHECK(made->configs.empty());
    CHECK(world.produce("t", make_batch(1).bytes()).base_offset == 0);
    DeleteTopicsRequest by_id;
    by_id.topics.push_back({.name = std::nullopt, .topic_id = old});
    CHECK(world.ask<DeleteTopicsResponse>(ApiKey::delete_topics, 6, by_id)->message->responses.at(0).error_code ==
          ErrorCode::unknown_topic_id);
    by_id.topics[0].topic_id = made->id;
    CHECK(world.ask<DeleteTopicsResponse>(ApiKey::delete_topics, 6, by_id)->message->responses.at(0).name == "t");
    const auto left = world.fs.list("/data");
    for (const std::string& name : *left) {
        CHECK_FALSE(name.starts_with("t-"));
    }
}

TEST_CASE("records that were deleted stay so after a restart, and whole segments of them leave the disk") {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 1}};
    settings.log.segment_bytes = 500;
    settings.defaults.retention_ms = -1;
    BrokerWorld world(settings);
    std::string last;
    for (std::uint64_t i = 0; i < 20; ++i) {
        const ByteBuffer batch = make_batch(i, {.records = 2});
        world.produce("t", batch.bytes());
        last = placed(batch, static_cast<std::int64_t>(2 * i));
    }
    const auto remove = [&](std::int64_t offset) {
        DeleteRecordsRequest request;
        request.topics.push_back({.name = "t", .partitions = {{.partition_index = 0, .offset = offset}}});
        return world.ask<DeleteRecordsResponse>(ApiKey::delete_records, 2, request)->message->topics[0].partitions[0];
    };
    const std::size_t files = world.fs.list("/data/t-0")->size();
    CHECK(remove(31).low_watermark == 31);
    CHECK(world.fs.list("/data/t-0")->size() <= files / 2);
    CHECK(remove(41).error_code == ErrorCode::offset_out_of_range);
    CHECK(remove(5).low_watermark == 31);
    for (int life = 0; life < 2; ++life) {
        CHECK(world.fetch(BrokerWorld::fetch_request("t", 30)).first.error_code == ErrorCode::offset_out_of_range);
        const auto [data, bytes] = world.fetch(BrokerWorld::fetch_request("t", 31));
        CHECK(data.log_start_offset == 31);
        CHECK_FALSE(bytes.empty());
        world.crash(11);
    }
    CHECK(remove(-1).low_watermark == 40);
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 40)).first.error_code == ErrorCode::none);
    CHECK(world.produce("t", make_batch(1).bytes()).base_offset == 40);
}

TEST_CASE("retention takes whole segments from the oldest on, by size and by age, and never the active one") {
    broker::BrokerSettings settings;
    settings.log.segment_bytes = 500;
    settings.log.sync = wal::SyncPolicy::none;
    settings.defaults.retention_ms = -1;
    BrokerWorld world(settings);
    create(world, {.name = "old", .num_partitions = 1, .replication_factor = 1, .configs = {{"retention.ms", "1000"}}});
    create(world,
           {.name = "large", .num_partitions = 1, .replication_factor = 1, .configs = {{"retention.bytes", "1500"}}});
    create(world, {.name = "kept", .num_partitions = 1, .replication_factor = 1});
    create(world, {.name = "compact",
                   .num_partitions = 1,
                   .replication_factor = 1,
                   .configs = {{"retention.ms", "1"}, {"cleanup.policy", "compact"}}});
    world.clock.now_ms = 1'700'000'000'000;
    for (int i = 0; i < 30; ++i) {
        for (const char* const topic : {"old", "large", "kept", "compact"}) {
            world.produce(topic, make_batch(1, {.time = 1'700'000'000'000 + i * 100}).bytes());
        }
    }
    const auto start = [&](const char* topic) { return world.broker->topics().find(topic)->find(0)->log_start(); };
    world.clock.now_ms += 2'500;
    REQUIRE(world.broker->topics().apply_retention());
    // Records older than 1.5 s are 0 to 14; a segment with a younger one stays.
    CHECK(start("old") > 5);
    CHECK(start("old") <= 15);
    CHECK(start("large") > 0);
    const auto size = world.broker->topics().find("large")->find(0)->size_bytes();
    CHECK(*size >= 1500);
    CHECK(*size < 1500 + 500);
    CHECK(start("kept") == 0);
    CHECK(start("compact") == 0);
    world.clock.now_ms += 1'000'000;
    REQUIRE(world.broker->topics().apply_retention());
    CHECK(start("old") < 30);
    CHECK(world.broker->topics().find("old")->find(0)->end_offset() == 30);
    world.restart();
    CHECK(start("old") > 15);
    CHECK(world.fetch(BrokerWorld::fetch_request("old", start("old"))).first.error_code == ErrorCode::none);
}

TEST_CASE("a directory that is served read-only shows its records and is not changed by anything") {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 1}};
    BrokerWorld world(settings);
    const ByteBuffer batch = make_batch(1, {.records = 3});
    world.produce("t", batch.bytes());
    world.settings.read_only = true;
    world.settings.topics.clear();
    world.restart();
    const std::uint64_t operations = world.fs.operations();
    const auto [data, bytes] = world.fetch(BrokerWorld::fetch_request("t", 0));
    CHECK(bytes == placed(batch, 0));
    CHECK(data.high_watermark == 3);
    CHECK(world.produce("t", batch.bytes()).error_code == ErrorCode::topic_authorization_failed);
    CHECK(create(world, {.name = "u", .num_partitions = 1, .replication_factor = 1}).error_code ==
          ErrorCode::cluster_authorization_failed);
    CHECK(metadata(world, "u", true).error_code == ErrorCode::unknown_topic_or_partition);
    CHECK(world.fs.operations() == operations);
}

TEST_CASE("settings are described with where they come from, all or those that are asked for") {
    BrokerWorld world;
    create(world, {.name = "t", .num_partitions = 1, .replication_factor = 1, .configs = {{"retention.ms", "1000"}}});
    DescribeConfigsRequest request;
    request.resources.push_back({.resource_type = 2, .resource_name = "t", .configuration_keys = std::nullopt});
    request.resources.push_back(
        {.resource_type = 2, .resource_name = "t", .configuration_keys = {{"retention.ms", "max.message.bytes"}}});
    request.resources.push_back({.resource_type = 2, .resource_name = "nobody"});
    request.resources.push_back({.resource_type = 4, .resource_name = "1"});
    const auto asked = world.ask<DescribeConfigsResponse>(ApiKey::describe_configs, 4, request);
    const auto& results = asked->message->results;
    CHECK(results.at(0).configs.size() == broker::topic_configs().size());
    REQUIRE(results.at(1).configs.size() == 2);
    CHECK(results[1].configs[0].name == "max.message.bytes");
    CHECK(results[1].configs[0].config_source == 5);
    CHECK(results[1].configs[1].value == "1000");
    CHECK(results[1].configs[1].config_source == 1);
    CHECK(results.at(2).error_code == ErrorCode::unknown_topic_or_partition);
    CHECK_FALSE(results.at(3).configs.empty());
}

TEST_CASE("partitions are described a page at a time") {
    broker::BrokerSettings settings;
    settings.topics = {{"a", 2}, {"b", 3}, {"c", 1}};
    BrokerWorld world(settings);
    DescribeTopicPartitionsRequest request;
    request.response_partition_limit = 2;
    std::string seen;
    for (int page = 0; page < 10; ++page) {
        const auto asked = world.ask<DescribeTopicPartitionsResponse>(ApiKey::describe_topic_partitions, 0, request);
        for (const auto& topic : asked->message->topics) {
            for (const auto& partition : topic.partitions) {
                seen += *topic.name + std::to_string(partition.partition_index);
            }
        }
        seen += "|";
        if (!asked->message->next_cursor) {
            break;
        }
        request.cursor = DescribeTopicPartitionsRequest::Cursor{asked->message->next_cursor->topic_name,
                                                                asked->message->next_cursor->partition_index};
    }
    CHECK(seen == "a0a1|b0b1|b2c0|");
}
