// SPDX-License-Identifier: Apache-2.0
// Topics that are made beside the loop: what others may do meanwhile, and what a failing disk or a power cut leaves.
#include "broker/topic_maker.hpp"

#include <doctest/doctest.h>

#include "broker/group_service.hpp"
#include "kafka/protocol/messages/create_partitions.hpp"
#include "kafka/protocol/messages/create_topics.hpp"
#include "kafka/protocol/messages/delete_topics.hpp"
#include "kafka/protocol/messages/find_coordinator.hpp"
#include "kafka/protocol/messages/metadata.hpp"
#include "support/broker_world.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BrokerWorld;
using kseg::test::CrashFs;
using kseg::test::Fault;
using kseg::test::make_batch;
using kseg::test::placed;

namespace {

CreateTopicsRequest topics_request(std::vector<std::string> names, std::int32_t partitions) {
    CreateTopicsRequest request;
    for (std::string& name : names) {
        request.topics.push_back({.name = std::move(name), .num_partitions = partitions, .replication_factor = 1});
    }
    return request;
}

CreatePartitionsRequest more_request(const std::string& name, std::int32_t count) {
    CreatePartitionsRequest request;
    request.topics.push_back({.name = name, .count = count, .assignments = std::nullopt});
    return request;
}

MetadataRequest metadata_request(const std::string& name, bool may_create) {
    MetadataRequest request;
    request.topics->push_back({.name = name});
    request.allow_auto_topic_creation = may_create;
    return request;
}

ErrorCode made(const test::Asked<CreateTopicsResponse>& asked, std::size_t at = 0) {
    REQUIRE(asked.message);
    return asked.message->topics.at(at).error_code;
}

/// Partitions of a topic; -1 where there is none.
int partitions_of(BrokerWorld& world, const std::string& name) {
    const broker::Topic* const topic = world.broker->topics().find(name);
    return topic == nullptr ? -1 : static_cast<int>(topic->partitions.size());
}

/// Counts syncs of files and of directories.
struct SyncCount {
    explicit SyncCount(CrashFs& fs) {
        fs.fail_when([this](const std::string& operation, const std::string& /*path*/) {
            count += operation.starts_with("sync") ? 1 : 0;
            return false;
        });
    }
    int count = 0;
};

}  // namespace

TEST_CASE("while a topic is made, others are served, and who wants the same waits for what comes of it") {
    broker::BrokerSettings settings;
    settings.topics = {{"other", 1}};
    BrokerWorld world(settings);
    world.workers.held_back = true;
    const auto first = world.send<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 3));
    const auto second = world.send<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 2));
    const auto third = world.send<MetadataResponse>(ApiKey::metadata, 12, metadata_request("t", true));
    const auto alike = world.send<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t.", "t_"}, 1));
    CHECK(world.produce("other", make_batch(1).bytes()).error_code == ErrorCode::none);
    const auto now = world.ask<MetadataResponse>(ApiKey::metadata, 12, metadata_request("t", false));
    CHECK(now->message->topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);
    CHECK_FALSE(first->got);
    CHECK_FALSE(second->got);
    CHECK_FALSE(third->got);
    world.workers.held_back = false;
    world.workers.run_waiting();
    REQUIRE(world.loop.run_until([&] { return first->got && second->got && third->got && alike->got; }));
    CHECK(made(*first) == ErrorCode::none);
    CHECK(made(*second) == ErrorCode::topic_already_exists);
    CHECK(third->message->topics.at(0).partitions.size() == 3);
    CHECK(third->message->topics.at(0).topic_id == first->message->topics.at(0).topic_id);
    CHECK_FALSE(world.broker->keeps_any());
    // One of two names that metrics do not tell apart: the first.
    CHECK(made(*alike, 0) == ErrorCode::none);
    CHECK(made(*alike, 1) == ErrorCode::invalid_topic_exception);
}

TEST_CASE("a deletion, and another growth, wait until a topic is made or grown") {
    BrokerWorld world;
    world.workers.held_back = true;
    DeleteTopicsRequest request;
    request.topic_names = {"t"};
    const auto creation = world.send<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 2));
    const auto deletion = world.send<DeleteTopicsResponse>(ApiKey::delete_topics, 5, request);
    world.loop.run_until_idle();
    world.workers.run_waiting();
    REQUIRE(world.loop.run_until([&] { return creation->got && deletion->got; }));
    CHECK(made(*creation) == ErrorCode::none);
    CHECK(deletion->message->responses.at(0).error_code == ErrorCode::none);
    CHECK(partitions_of(world, "t") == -1);

    world.workers.held_back = false;
    REQUIRE(made(*world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 1))) == ErrorCode::none);
    world.workers.held_back = true;
    const auto grown = world.send<CreatePartitionsResponse>(ApiKey::create_partitions, 3, more_request("t", 3));
    const auto again = world.send<CreatePartitionsResponse>(ApiKey::create_partitions, 3, more_request("t", 3));
    const auto gone = world.send<DeleteTopicsResponse>(ApiKey::delete_topics, 5, request);
    CHECK(world.produce("t", make_batch(1).bytes()).error_code == ErrorCode::none);
    CHECK(partitions_of(world, "t") == 1);
    world.workers.run_waiting();
    REQUIRE(world.loop.run_until([&] { return grown->got && again->got && gone->got; }));
    CHECK(grown->message->results.at(0).error_code == ErrorCode::none);
    CHECK(again->message->results.at(0).error_code == ErrorCode::invalid_partitions);
    CHECK(gone->message->responses.at(0).error_code == ErrorCode::none);
    CHECK(partitions_of(world, "t") == -1);
    world.workers.held_back = false;
    world.restart();
    CHECK(world.broker->topics().all().empty());
}

TEST_CASE("a client that leaves while its topic is made leaves the topic, and nothing of its request") {
    BrokerWorld world;
    world.workers.held_back = true;
    const auto asked = world.send<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 2));
    const auto waits = world.send<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 2));
    world.loop.run_until_idle();
    CHECK(world.broker->keeps_any());
    world.broker->dispatcher().closed(1);
    CHECK_FALSE(world.broker->keeps_any());
    world.workers.run_waiting();
    world.loop.run_until_idle();
    CHECK_FALSE(asked->got);
    CHECK_FALSE(waits->got);
    CHECK(partitions_of(world, "t") == 2);
}

TEST_CASE("a broker that ends while topics are made has none of them after the next start") {
    for (const bool closes : {false, true}) {
        BrokerWorld world;
        world.workers.held_back = true;
        const auto asked = world.send<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t", "u"}, 2));
        const auto next = world.send<MetadataResponse>(ApiKey::metadata, 12, metadata_request("v", true));
        world.loop.run_until_idle();
        if (closes) {
            REQUIRE(world.broker->close());
        }
        world.broker.reset();
        world.workers.run_waiting();
        world.loop.run_until_idle();
        CHECK_FALSE(asked->got);
        CHECK_FALSE(next->got);
        world.workers.held_back = false;
        world.fs.kill();
        world.start();
        CHECK(world.broker->topics().all().empty());
        CHECK(made(*world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 1))) ==
              ErrorCode::none);
    }
}

TEST_CASE("the group coordinator is told of once its topic is there") {
    BrokerWorld world;
    world.workers.held_back = true;
    FindCoordinatorRequest request{.key = "g"};
    const auto one = world.send<FindCoordinatorResponse>(ApiKey::find_coordinator, 3, request);
    const auto two = world.send<FindCoordinatorResponse>(ApiKey::find_coordinator, 3, request);
    world.loop.run_until_idle();
    CHECK_FALSE(one->got);
    world.workers.run_waiting();
    REQUIRE(world.loop.run_until([&] { return one->got && two->got; }));
    CHECK(one->message->error_code == ErrorCode::none);
    CHECK(two->message->port == 9092);
    CHECK(partitions_of(world, "__consumer_offsets") == 1);
    CHECK_FALSE(world.broker->keeps_any());
}

TEST_CASE("many partitions take a handful of syncs, and so do many topics and a clean stop") {
    BrokerWorld world;
    {
        const SyncCount syncs(world.fs);
        CHECK(made(*world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 50))) ==
              ErrorCode::none);
        CHECK(syncs.count <= 5);
    }
    {
        const SyncCount syncs(world.fs);
        MetadataRequest many;
        for (int i = 0; i < 50; ++i) {
            many.topics->push_back({.name = "auto-" + std::to_string(i)});
        }
        const auto asked = world.ask<MetadataResponse>(ApiKey::metadata, 12, many);
        CHECK(asked->message->topics.size() == 50);
        CHECK(asked->message->topics.back().error_code == ErrorCode::none);
        CHECK(syncs.count <= 2);
    }
    const SyncCount syncs(world.fs);
    REQUIRE(world.broker->close());
    CHECK(syncs.count <= 4);
    world.fs.fail_when(nullptr);
}

TEST_CASE("the first records of a partition that is new are there after a power cut once they are acknowledged") {
    for (std::uint64_t seed = 1; seed < 60; ++seed) {
        BrokerWorld world;
        REQUIRE(made(*world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 2))) ==
                ErrorCode::none);
        const ByteBuffer batch = make_batch(seed, {.records = 2});
        REQUIRE(world.produce("t", batch.bytes()).error_code == ErrorCode::none);
        world.crash(seed);
        CHECK(partitions_of(world, "t") == 2);
        CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).second == placed(batch, 0));
        world.crash(seed + 1000);
        CHECK(world.produce("t", batch.bytes()).base_offset == 2);
    }
}

TEST_CASE("a topic is whole or not there after a disk failed, or the power went, at any operation of making it") {
    for (const Fault fault : {Fault::fail, Fault::shorten, Fault::cut}) {
        bool past_end = false;
        for (std::uint64_t k = 1; !past_end; ++k) {
            BrokerWorld world;
            auto request = topics_request({"t", "u"}, 2);
            request.topics[0].configs = {{"retention.ms", "1000"}};
            const std::uint64_t before = world.fs.operations();
            world.fs.fail_at(before + k, fault);
            const auto asked = world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, request);
            past_end = world.fs.operations() < before + k;
            const ErrorCode error = made(*asked);
            CHECK((error == ErrorCode::none || error == ErrorCode::kafka_storage_error));
            CHECK(partitions_of(world, "t") == (error == ErrorCode::none ? 2 : -1));
            const bool all_ok = error == ErrorCode::none && made(*asked, 1) == ErrorCode::none;
            CHECK((all_ok || !past_end));
            world.crash(k);
            const int there = partitions_of(world, "t");
            CHECK_MESSAGE((there == 2 || (there == -1 && error != ErrorCode::none)), k);
            if (there == 2) {
                const broker::Topic& topic = *world.broker->topics().find("t");
                CHECK(topic.settings.retention_ms == 1000);
                CHECK((error != ErrorCode::none || topic.id == asked->message->topics.at(0).topic_id));
            }
            CHECK((partitions_of(world, "u") == 2 || partitions_of(world, "u") == -1));
            // And another attempt succeeds, whatever the first left.
            const ErrorCode retried =
                made(*world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 2)));
            CHECK(retried == (there == 2 ? ErrorCode::topic_already_exists : ErrorCode::none));
            CHECK(world.produce("t", make_batch(1).bytes()).error_code == ErrorCode::none);
        }
    }
}

TEST_CASE("what a failing disk left of a topic is no obstacle to making it once the disk is well again") {
    bool past_end = false;
    for (std::uint64_t k = 1; !past_end; ++k) {
        BrokerWorld world;
        const std::uint64_t before = world.fs.operations();
        world.fs.fail_at(before + k, Fault::fail);
        (void)world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 3));
        past_end = world.fs.operations() < before + k;
        world.fs.fail_at(0, Fault::none);
        const bool there = partitions_of(world, "t") == 3;
        CHECK(made(*world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 3))) ==
              (there ? ErrorCode::topic_already_exists : ErrorCode::none));
        CHECK(world.produce("t", make_batch(1).bytes()).error_code == ErrorCode::none);
        world.crash(k);
        CHECK(partitions_of(world, "t") == 3);
    }
}

TEST_CASE("a topic that grows has its old partitions or all of the new ones, whatever fails, and keeps its records") {
    for (const Fault fault : {Fault::fail, Fault::cut}) {
        bool past_end = false;
        for (std::uint64_t k = 1; !past_end; ++k) {
            BrokerWorld world;
            auto request = topics_request({"t"}, 1);
            request.topics[0].configs = {{"retention.ms", "1000"}};
            REQUIRE(made(*world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, request)) == ErrorCode::none);
            const ByteBuffer batch = make_batch(k);
            REQUIRE(world.produce("t", batch.bytes()).error_code == ErrorCode::none);
            const Uuid id = world.broker->topics().find("t")->id;
            const std::uint64_t before = world.fs.operations();
            world.fs.fail_at(before + k, fault);
            const auto asked = world.ask<CreatePartitionsResponse>(ApiKey::create_partitions, 3, more_request("t", 4));
            past_end = world.fs.operations() < before + k;
            const bool ok = asked->message->results.at(0).error_code == ErrorCode::none;
            CHECK(partitions_of(world, "t") == (ok ? 4 : 1));
            world.crash(k);
            const int there = partitions_of(world, "t");
            CHECK((there == 4 || (there == 1 && !ok)));
            CHECK(world.broker->topics().find("t")->id == id);
            CHECK(world.broker->topics().find("t")->settings.retention_ms == 1000);
            CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).second == placed(batch, 0));
        }
    }
}

TEST_CASE("a directory that is there already is nobody's to take") {
    BrokerWorld world;
    world.fs.put("/data/__cluster_metadata-0/00000000000000000000.log", "a cluster's");
    world.fs.put("/data/t-1/00000000000000000000.log", "somebody's");
    CHECK(made(*world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"__cluster_metadata"}, 2))) ==
          ErrorCode::invalid_request);
    CHECK(world.fs.content("/data/__cluster_metadata-0/00000000000000000000.log") == "a cluster's");
    CHECK(made(*world.ask<CreateTopicsResponse>(ApiKey::create_topics, 7, topics_request({"t"}, 3))) ==
          ErrorCode::topic_already_exists);
    CHECK(world.fs.content("/data/t-1/00000000000000000000.log") == "somebody's");
    CHECK_FALSE(*world.fs.info("/data/t-0"));
}
