// SPDX-License-Identifier: Apache-2.0
// Fetches of what is in archives: segments are sealed by appends, archived, and removed here.
#include <doctest/doctest.h>

#include <random>

#include "store/archived_log.hpp"
#include "support/broker_world.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BrokerWorld;
using kseg::test::make_batch;
using kseg::test::placed;

namespace {

struct Written {
    std::int64_t base = 0;
    std::int64_t end = 0;
    std::string bytes;
};

broker::BrokerSettings with_topics() {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 1}, {"u", 1}};
    settings.log.sync = wal::SyncPolicy::none;
    settings.defaults.retention_ms = -1;
    settings.log.segment_bytes = 20'000;
    return settings;
}

/// A broker whose topic has most of its batches in archives.
class ColdWorld : public BrokerWorld {
  public:
    std::vector<Written> batches;

    explicit ColdWorld(int count = 150, broker::BrokerSettings wanted = with_topics())
        : BrokerWorld(std::move(wanted), true) {
        loop.run_until_idle();
        for (int i = 0; i < count; ++i) {
            add(1 + i % 4, 50 + 37 * static_cast<std::size_t>(i % 23));
        }
        loop.run_until_idle();
        REQUIRE(partition()->local_start() > 0);
        REQUIRE(partition()->archived()->names().size() > 2);
    }

    void add(int records, std::size_t value_bytes) {
        const std::int64_t base = batches.empty() ? 0 : batches.back().end;
        const ByteBuffer batch = make_batch(batches.size(), {.records = records, .value_bytes = value_bytes});
        REQUIRE(produce("t", batch.bytes()).base_offset == base);
        batches.push_back({base, base + records, placed(batch, base)});
    }
    broker::Partition* partition(const std::string& topic = "t") { return broker->topics().find(topic)->find(0); }

    /// The bytes of the batches from the one with an offset on.
    [[nodiscard]] std::string all_from(std::int64_t offset) const {
        std::string bytes;
        for (const Written& one : batches) {
            bytes += one.end > offset ? one.bytes : "";
        }
        return bytes;
    }
    [[nodiscard]] const Written& batch_of(std::int64_t offset) const {
        for (const Written& one : batches) {
            if (one.end > offset) {
                return one;
            }
        }
        return batches.back();
    }
};

/// What a response has of the first partition of a topic.
const FetchResponse::PartitionData& data_of(const FetchResponse& response, std::size_t topic = 0) {
    return response.responses.at(topic).partitions.at(0);
}

}  // namespace

TEST_CASE("every offset is served as if nothing had been archived, in whole batches and within limits") {
    ColdWorld world;
    const std::int64_t end = world.batches.back().end;
    for (std::int64_t offset = 0; offset < end; ++offset) {
        for (const std::int32_t most : {0, 1, 700, 5000, 1 << 20}) {
            CAPTURE(offset);
            CAPTURE(most);
            auto request = BrokerWorld::fetch_request("t", offset);
            request.topics[0].partitions[0].partition_max_bytes = most;
            const auto [data, bytes] = world.fetch(request);
            REQUIRE(data.error_code == ErrorCode::none);
            CHECK(data.high_watermark == end);
            CHECK(data.log_start_offset == 0);
            const std::string all = world.all_from(offset);
            const Written& first = world.batch_of(offset);
            CHECK(bytes.size() >= first.bytes.size());
            CHECK((bytes.size() <= static_cast<std::size_t>(most) || bytes.size() == first.bytes.size()));
            REQUIRE((bytes == all.substr(0, bytes.size())));
        }
    }
    // Going through it as a consumer does.
    std::string bytes;
    for (std::int64_t offset = 0; offset < end;) {
        const auto got = world.fetch(BrokerWorld::fetch_request("t", offset)).second;
        REQUIRE_FALSE(got.empty());
        bytes += got;
        while (offset < end && world.all_from(0).size() - world.all_from(offset).size() < bytes.size()) {
            offset = world.batch_of(offset).end;
        }
    }
    CHECK((bytes == world.all_from(0)));
}

TEST_CASE("archives are read by workers, and partitions that are here come in the same answer") {
    ColdWorld world;
    const ByteBuffer other = make_batch(1);
    (void)world.produce("u", other.bytes());
    world.workers.held_back = true;
    auto request = BrokerWorld::fetch_request("t", 0);
    request.topics.push_back({.topic = "u", .partitions = {{.partition = 0, .partition_max_bytes = 1 << 20}}});
    const auto asked = world.send<FetchResponse>(ApiKey::fetch, 12, request);
    world.loop.run_until_idle();
    CHECK_FALSE(asked->got);
    CHECK(world.workers.waiting.size() == 1);
    CHECK(world.broker->cold_reads().bytes_under_way() == 1 << 20);
    // What is here alone does not wait.
    const auto here = world.send<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request("u", 0));
    world.loop.run_until_idle();
    CHECK(here->got);
    world.workers.run_waiting();
    world.loop.run_until_idle();
    REQUIRE(asked->message);
    const std::string cold(as_text(data_of(*asked->message, 0).records.bytes.value()));
    CHECK((cold == world.all_from(0).substr(0, cold.size())));
    CHECK((as_text(data_of(*asked->message, 1).records.bytes.value()) == placed(other, 0)));
    CHECK(world.broker->cold_reads().bytes_under_way() == 0);
    CHECK_FALSE(world.broker->keeps_any());
}

TEST_CASE("no more bytes and jobs are under way than limits say, and everybody is answered in the end") {
    broker::BrokerSettings settings = with_topics();
    settings.cold_reads.bytes = 10'000;
    settings.cold_reads.jobs = 2;
    ColdWorld world(150, settings);
    world.workers.held_back = true;
    std::vector<std::shared_ptr<test::Asked<FetchResponse>>> asked;
    for (int i = 0; i < 30; ++i) {
        auto request = BrokerWorld::fetch_request("t", i);
        request.topics[0].partitions[0].partition_max_bytes = 3000;
        asked.push_back(world.send<FetchResponse>(ApiKey::fetch, 12, request));
    }
    for (int round = 0; round < 100; ++round) {
        CHECK(world.broker->cold_reads().bytes_under_way() <= 10'000);
        CHECK(world.broker->cold_reads().jobs_under_way() <= 2);
        CHECK(world.workers.waiting.size() <= 2);
        world.workers.run_waiting();
        world.loop.run_until_idle();
    }
    for (std::size_t i = 0; i < asked.size(); ++i) {
        REQUIRE(asked[i]->message);
        const std::string bytes(as_text(data_of(*asked[i]->message).records.bytes.value()));
        CHECK_FALSE(bytes.empty());
        CHECK((bytes == world.all_from(static_cast<std::int64_t>(i)).substr(0, bytes.size())));
    }
    CHECK(world.broker->cold_reads().bytes_under_way() == 0);
}

TEST_CASE("a client that leaves takes its reads with it") {
    ColdWorld world;
    world.workers.held_back = true;
    const auto first = world.send<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request("t", 0));
    std::vector<std::shared_ptr<test::Asked<FetchResponse>>> others;
    for (int i = 0; i < 200; ++i) {
        others.push_back(world.send<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request("t", 5)));
    }
    world.broker->dispatcher().closed(1);
    world.workers.run_waiting();
    world.loop.run_until_idle();
    world.workers.run_waiting();
    world.loop.run_until_idle();
    CHECK_FALSE(first->got);
    CHECK(world.broker->cold_reads().bytes_under_way() == 0);
    CHECK(world.broker->cold_reads().jobs_under_way() == 0);
    CHECK_FALSE(world.broker->keeps_any());
}

TEST_CASE("while archives are read the topic, the records and the broker may go") {
    SUBCASE("the topic") {
        ColdWorld world;
        world.workers.held_back = true;
        const auto asked = world.send<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request("t", 0));
        REQUIRE(world.broker->topics().remove("t"));
        world.workers.run_waiting();
        world.loop.run_until_idle();
        REQUIRE(asked->message);
        CHECK(data_of(*asked->message).error_code == ErrorCode::unknown_topic_or_partition);
    }
    SUBCASE("the topic, and another one of its name comes") {
        ColdWorld world;
        world.workers.held_back = true;
        const auto asked = world.send<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request("t", 0));
        REQUIRE(world.broker->topics().remove("t"));
        REQUIRE(world.broker->topics().create_now("t", 1, {}));
        world.workers.run_waiting();
        world.loop.run_until_idle();
        REQUIRE(asked->message);
        CHECK(data_of(*asked->message).error_code == ErrorCode::kafka_storage_error);
        CHECK(data_of(*asked->message).records.bytes.value().empty());
    }
    SUBCASE("the records") {
        ColdWorld world;
        world.workers.held_back = true;
        const auto asked = world.send<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request("t", 3));
        REQUIRE(world.broker->topics().remove_records(*world.partition(), 50));
        world.loop.run_until_idle();
        world.workers.run_waiting();
        world.loop.run_until_idle();
        REQUIRE(asked->message);
        CHECK(data_of(*asked->message).error_code == ErrorCode::offset_out_of_range);
    }
    SUBCASE("the broker") {
        ColdWorld world;
        world.workers.held_back = true;
        const auto asked = world.send<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request("t", 3));
        world.broker.reset();
        world.workers.run_waiting();
        world.loop.run_until_idle();
        CHECK_FALSE(asked->got);
        world.workers.held_back = false;
        world.start();
    }
    SUBCASE("the time") {
        ColdWorld world;
        world.workers.held_back = true;
        const auto asked = world.send<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request("t", 3));
        world.loop.advance(20'000);
        REQUIRE(asked->message);
        CHECK(data_of(*asked->message).error_code == ErrorCode::none);
        CHECK(data_of(*asked->message).records.bytes.value().empty());
        world.workers.run_waiting();
        world.loop.run_until_idle();
        CHECK(world.broker->cold_reads().bytes_under_way() == 0);
    }
}

TEST_CASE("archives that are gone or damaged are errors of their partition") {
    ColdWorld world;
    const auto names = world.partition()->archived()->names();
    const std::string path = "/archives/" + to_string(names[0]);
    const std::string good = *world.fs.content(path);
    world.fs.put(path, std::string(good.size(), 'x'));
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).first.error_code == ErrorCode::corrupt_message);
    REQUIRE(world.fs.remove(path));
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).first.error_code == ErrorCode::kafka_storage_error);
    const std::int64_t behind = names[0].last_offset + 1;
    const auto [data, bytes] = world.fetch(BrokerWorld::fetch_request("t", behind));
    CHECK(data.error_code == ErrorCode::none);
    CHECK((bytes == world.all_from(behind).substr(0, bytes.size())));
    CHECK_FALSE(bytes.empty());
    world.fs.put(path, good);
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).first.error_code == ErrorCode::none);
}

TEST_CASE("a session that goes on while its archives are read is refused the old answer") {
    ColdWorld world;
    auto request = BrokerWorld::fetch_request("t", 0);
    request.session_epoch = 0;
    const auto first = world.ask<FetchResponse>(ApiKey::fetch, 12, request);
    REQUIRE(first->message);
    request.session_id = first->message->session_id;
    request.session_epoch = 1;
    REQUIRE(request.session_id != 0);
    world.workers.held_back = true;
    const auto second = world.send<FetchResponse>(ApiKey::fetch, 12, request);
    // Before it is answered, the partition is taken out of the session.
    FetchRequest third = request;
    third.session_epoch = 2;
    third.topics.clear();
    third.forgotten_topics_data.push_back({.topic = "t", .partitions = {0}});
    const auto last = world.send<FetchResponse>(ApiKey::fetch, 12, third);
    world.loop.run_until_idle();
    world.workers.run_waiting();
    world.loop.run_until_idle();
    REQUIRE(second->message);
    CHECK(second->message->error_code == ErrorCode::invalid_fetch_session_epoch);
    REQUIRE(last->message);
    CHECK(last->message->error_code == ErrorCode::none);
}

TEST_CASE("before the store was listed nothing is said of what it may have") {
    ColdWorld world;
    const std::int64_t local = world.partition()->local_start();
    REQUIRE(world.broker->close());
    world.broker.reset();
    world.archive_workers.held_back = true;
    world.start();
    REQUIRE_FALSE(world.partition()->archives_known());
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).first.error_code == ErrorCode::kafka_storage_error);
    CHECK(world.fetch(BrokerWorld::fetch_request("t", local)).first.error_code == ErrorCode::none);
    world.archive_workers.held_back = false;
    world.archive_workers.run_waiting();
    world.loop.run_until_idle();
    const auto [data, bytes] = world.fetch(BrokerWorld::fetch_request("t", 0));
    CHECK(data.error_code == ErrorCode::none);
    CHECK((bytes == world.all_from(0).substr(0, bytes.size())));
}
