// SPDX-License-Identifier: Apache-2.0
// Every API in every version that is offered, and what is not offered.
#include "broker/dispatcher.hpp"

#include <doctest/doctest.h>

#include "broker/handlers/handlers.hpp"
#include "kafka/protocol/messages/api_versions.hpp"
#include "kafka/protocol/messages/create_partitions.hpp"
#include "kafka/protocol/messages/create_topics.hpp"
#include "kafka/protocol/messages/delete_records.hpp"
#include "kafka/protocol/messages/delete_topics.hpp"
#include "kafka/protocol/messages/describe_cluster.hpp"
#include "kafka/protocol/messages/describe_configs.hpp"
#include "kafka/protocol/messages/describe_topic_partitions.hpp"
#include "kafka/protocol/messages/init_producer_id.hpp"
#include "kafka/protocol/messages/list_offsets.hpp"
#include "kafka/protocol/messages/metadata.hpp"
#include "kafka/protocol/messages/offset_for_leader_epoch.hpp"
#include "support/broker_world.hpp"
#include "support/hex.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BrokerWorld;
using kseg::test::make_batch;

namespace {

broker::BrokerSettings with_topic() {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 2}};
    settings.log.sync = wal::SyncPolicy::none;
    return settings;
}

/// Asks in all versions; `make` gives the request of a version.
template <typename Request, typename Response, typename Make>
void ask_all(BrokerWorld& world, ApiKey key, Make&& make) {
    for (Version version = api_of(key).versions.from; version <= api_of(key).versions.to; ++version) {
        const Request request = make(version);
        const auto asked = world.ask<Response>(key, version, request);
        CHECK_MESSAGE(asked->message.has_value(), api_of(key).name << " " << version);
        CHECK_FALSE(asked->got->close);
    }
}

/// The frame of a request as hex, and what comes of it.
std::optional<broker::Response> send_raw(BrokerWorld& world, const char* hex) {
    auto frame = std::make_shared<broker::Frame>();
    frame->bytes = test::from_hex(hex);
    std::optional<broker::Response> got;
    world.broker->dispatcher().handle(std::move(frame), [&got](broker::Response response) { got = std::move(response); });
    world.loop.run_until_idle();
    return got;
}

}  // namespace

TEST_CASE("every API is answered in every version that is offered, for what there is and for what there is not") {
    BrokerWorld world(with_topic());
    world.produce("t", make_batch(1).bytes());
    const Uuid id = world.broker->topics().find("t")->id;
    ask_all<MetadataRequest, MetadataResponse>(world, ApiKey::metadata, [&](Version version) {
        MetadataRequest request;
        request.topics->push_back({.name = "t"});
        request.topics->push_back({.name = "nobody"});
        request.topics->push_back({.name = "not a name"});
        if (version >= 12) {
            request.topics->push_back({.topic_id = id, .name = std::nullopt});
            request.topics->push_back({.topic_id = Uuid{{std::byte{1}}}, .name = std::nullopt});
        }
        request.allow_auto_topic_creation = version < 4;
        return request;
    });
    ask_all<ListOffsetsRequest, ListOffsetsResponse>(world, ApiKey::list_offsets, [](Version) {
        ListOffsetsRequest request;
        for (const std::int64_t time : {0, -1, -2, -3, -4, -5, -6}) {
            request.topics.push_back({.name = "t", .partitions = {{.partition_index = 0, .timestamp = time}}});
        }
        request.topics.push_back({.name = "none", .partitions = {{.partition_index = 7, .timestamp = -1}}});
        return request;
    });
    ask_all<CreateTopicsRequest, CreateTopicsResponse>(world, ApiKey::create_topics, [](Version version) {
        CreateTopicsRequest request;
        request.topics.push_back({.name = "made" + std::to_string(version), .num_partitions = 1, .replication_factor = 1});
        request.topics.push_back({.name = "t", .num_partitions = 1, .replication_factor = 1});
        return request;
    });
    ask_all<CreatePartitionsRequest, CreatePartitionsResponse>(world, ApiKey::create_partitions, [](Version version) {
        CreatePartitionsRequest request;
        request.topics.push_back({.name = "t", .count = 3 + version, .assignments = std::nullopt});
        request.topics.push_back({.name = "none", .count = 3, .assignments = std::nullopt});
        return request;
    });
    ask_all<DeleteTopicsRequest, DeleteTopicsResponse>(world, ApiKey::delete_topics, [](Version version) {
        DeleteTopicsRequest request;
        if (version >= 6) {
            request.topics = {{.name = "none", .topic_id = {}}, {.name = std::nullopt, .topic_id = {{std::byte{1}}}}};
        } else {
            request.topic_names = {"made" + std::to_string(version), "none"};
        }
        return request;
    });
    ask_all<DeleteRecordsRequest, DeleteRecordsResponse>(world, ApiKey::delete_records, [](Version) {
        DeleteRecordsRequest request;
        request.topics.push_back({.name = "t", .partitions = {{0, 0}, {0, 100}, {99, 0}}});
        return request;
    });
    ask_all<DescribeConfigsRequest, DescribeConfigsResponse>(world, ApiKey::describe_configs, [](Version) {
        DescribeConfigsRequest request;
        request.resources = {
            {2, "t", std::nullopt}, {2, "none", std::nullopt}, {4, "1", std::nullopt}, {9, "", std::nullopt}};
        return request;
    });
    ask_all<DescribeClusterRequest, DescribeClusterResponse>(world, ApiKey::describe_cluster, [](Version) {
        return DescribeClusterRequest{.include_cluster_authorized_operations = true};
    });
    ask_all<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(world, ApiKey::describe_topic_partitions,
                                                                             [](Version) {
                                                                                 DescribeTopicPartitionsRequest request;
                                                                                 request.topics = {{"t"}, {"none"}};
                                                                                 return request;
                                                                             });
    ask_all<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(world, ApiKey::offset_for_leader_epoch, [](Version) {
        OffsetForLeaderEpochRequest request;
        request.topics.push_back({.topic = "t", .partitions = {{0, -1, 0}, {9, -1, 0}}});
        return request;
    });
    ask_all<InitProducerIdRequest, InitProducerIdResponse>(world, ApiKey::init_producer_id, [](Version version) {
        InitProducerIdRequest request;
        request.transactional_id = version % 2 == 0 ? std::nullopt : std::optional(std::string("tx"));
        return request;
    });
    ask_all<ApiVersionsRequest, ApiVersionsResponse>(world, ApiKey::api_versions, [](Version version) {
        return version < 3 ? ApiVersionsRequest{} : ApiVersionsRequest{"some-client", "1.2.3"};
    });
    const ByteBuffer batch = make_batch(1);
    ask_all<ProduceRequest, ProduceResponse>(world, ApiKey::produce, [&](Version version) {
        ProduceRequest request = BrokerWorld::produce_request("t", batch.bytes());
        request.topic_data.push_back(request.topic_data[0]);
        request.topic_data[1].name = "none";
        if (version >= 13) {
            request.topic_data[0].name.clear();
            request.topic_data[0].topic_id = id;
            request.topic_data[1].name.clear();
            request.topic_data[1].topic_id = {{std::byte{1}}};
        }
        return request;
    });
    for (const bool committed : {false, true}) {
        ask_all<FetchRequest, FetchResponse>(world, ApiKey::fetch, [&](Version version) {
            FetchRequest request = BrokerWorld::fetch_request("t", 0);
            request.topics.push_back(BrokerWorld::fetch_request("none", 0).topics[0]);
            if (version < 3) {
                request.max_bytes = INT32_MAX;
            }
            if (version >= 4) {
                request.isolation_level = committed ? 1 : 0;
            }
            if (version >= 13) {
                request.topics[0].topic = request.topics[1].topic = "";
                request.topics[0].topic_id = id;
                request.topics[1].topic_id = {{std::byte{1}}};
            }
            return request;
        });
    }
}

TEST_CASE("ApiVersions in a version that nobody knows yet is answered in version 0 with all that is served") {
    BrokerWorld world(with_topic());
    const auto got = send_raw(world, "00 12  00 63  00 00 00 07  de ad be ef");  // key 18, version 99
    REQUIRE(got);
    REQUIRE(got->pieces.size() == 1);
    const Bytes frame = std::get<ByteBuffer>(got->pieces[0]).bytes();
    // length, correlation id 7, error 35, and a count of APIs of 6 bytes each to the end.
    CHECK(wire::load_big<std::int32_t>(frame.data() + 4) == 7);
    CHECK(wire::load_big<std::int16_t>(frame.data() + 8) == 35);
    const auto count = wire::load_big<std::int32_t>(frame.data() + 10);
    CHECK(frame.size() == 14 + static_cast<std::size_t>(count) * 6);
    bool names_itself = false;
    for (std::size_t at = 14; at < frame.size(); at += 6) {
        names_itself = names_itself || wire::load_big<std::int16_t>(frame.data() + at) == 18;
    }
    CHECK(names_itself);
}

TEST_CASE("what cannot be made sense of closes the connection") {
    BrokerWorld world(with_topic());
    for (const char* const hex : {
             "",                                               // nothing
             "00 03 00 01",                                    // half a header
             "7f ff  00 00  00 00 00 01  ff ff",               // an API that nobody knows
             "00 03  00 63  00 00 00 01  ff ff",               // Metadata 99
             "00 24  00 00  00 00 00 01  ff ff",               // SaslAuthenticate, which is not served
             "00 03  00 01  00 00 00 01  ff ff  00 00 00 05",  // five topics that are not there
         }) {
        const auto got = send_raw(world, hex);
        REQUIRE_MESSAGE(got, hex);
        CHECK_MESSAGE(got->close, hex);
    }
}

TEST_CASE("what stands behind a request is passed over, as Kafka does") {
    BrokerWorld world(with_topic());
    // librdkafka 2.16 asks for all topics: a null array, allow_auto_topic_creation 0, include_topic_authorized_operations
    // 0, no tags; and 3 bytes more, since it reserved 4 for the array's length. Kafka 4.3.1 answers.
    const auto got = send_raw(world,
                              "00 03 00 0d 00 00 00 04 00 07 72 64 6b 61 66 6b 61 00"
                              "00 00 00 00 01 00 00");
    REQUIRE(got);
    CHECK_FALSE(got->close);
    CHECK_FALSE(got->pieces.empty());
}

TEST_CASE("a client's name that is none is refused") {
    BrokerWorld world(with_topic());
    for (const auto& [name, good] : std::vector<std::pair<std::string, bool>>{
             {"apache-kafka-java", true}, {"a", true}, {"", false}, {"-a", false}, {"a b", false}, {"a.", false}}) {
        const auto asked = world.ask<ApiVersionsResponse>(ApiKey::api_versions, 3, ApiVersionsRequest{name, "1"});
        CHECK((asked->message->error_code == ErrorCode::none) == good);
    }
}
