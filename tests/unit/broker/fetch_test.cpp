// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "support/broker_world.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BrokerWorld;
using kseg::test::make_batch;
using kseg::test::placed;

namespace {

broker::BrokerSettings with_topics() {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 1}, {"u", 1}};
    settings.log.sync = wal::SyncPolicy::none;
    settings.defaults.retention_ms = -1;
    return settings;
}

/// Batches as they are expected in the log, in pieces.
struct Written {
    struct One {
        std::int64_t base = 0;
        std::int64_t end = 0;
        std::string bytes;
    };
    std::vector<One> batches;

    void add(BrokerWorld& world, const std::string& topic, const test::BatchPlan& plan) {
        const std::int64_t base = batches.empty() ? 0 : batches.back().end;
        const ByteBuffer batch = make_batch(batches.size(), plan);
        REQUIRE(world.produce(topic, batch.bytes()).base_offset == base);
        batches.push_back({base, base + plan.records, placed(batch, base)});
    }
};

}  // namespace

TEST_CASE("an answer has whole batches from the offset on, as many as fit, and at least one") {
    broker::BrokerSettings settings = with_topics();
    settings.log.segment_bytes = 20'000;
    BrokerWorld world(settings);
    Written written;
    for (std::size_t i = 0; i < 120; ++i) {
        written.add(world, "t", {.records = 1 + static_cast<int>(i % 4), .value_bytes = 50 + 37 * (i % 23)});
    }
    const std::int64_t end = written.batches.back().end;
    for (int life = 0; life < 2; ++life) {
        for (std::int64_t offset = 0; offset < end; ++offset) {
            for (const std::int32_t most : {0, 1, 700, 5000, 1 << 20}) {
                auto request = BrokerWorld::fetch_request("t", offset);
                request.topics[0].partitions[0].partition_max_bytes = most;
                const std::string bytes = world.fetch(request).second;
                // What the log has from the batch with the offset on, until the limit or the end of a segment.
                std::string expected;
                bool cut_at_boundary = false;
                for (const auto& batch : written.batches) {
                    if (batch.end <= offset) {
                        continue;
                    }
                    if (!expected.empty() && expected.size() + batch.bytes.size() > static_cast<std::size_t>(most)) {
                        break;
                    }
                    cut_at_boundary = cut_at_boundary || expected == bytes;
                    expected += batch.bytes;
                }
                const bool segment_end = cut_at_boundary && !bytes.empty();
                CHECK((bytes == expected || segment_end));
            }
        }
        world.restart();
    }
    // Reading on from where each answer ends gives all of the log, with few requests.
    std::string all;
    int requests = 0;
    for (std::int64_t offset = 0; offset < end; ++requests) {
        const std::string bytes = world.fetch(BrokerWorld::fetch_request("t", offset)).second;
        REQUIRE_FALSE(bytes.empty());
        all += bytes;
        std::size_t taken = 0;
        for (const auto& batch : written.batches) {
            if (batch.base >= offset && taken < bytes.size()) {
                taken += batch.bytes.size();
                offset = batch.end;
            }
        }
    }
    std::string expected;
    for (const auto& batch : written.batches) {
        expected += batch.bytes;
    }
    CHECK(all == expected);
    CHECK(requests < 12);
}

TEST_CASE("an offset outside the log is out of range, and one at its end is empty and not null") {
    BrokerWorld world(with_topics());
    Written().add(world, "t", {.records = 2});
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 3)).first.error_code == ErrorCode::offset_out_of_range);
    CHECK(world.fetch(BrokerWorld::fetch_request("t", -1)).first.error_code == ErrorCode::offset_out_of_range);
    const auto [data, bytes] = world.fetch(BrokerWorld::fetch_request("t", 2));
    CHECK(data.error_code == ErrorCode::none);
    CHECK(bytes.empty());
    CHECK(world.fetch(BrokerWorld::fetch_request("x", 0)).first.error_code == ErrorCode::unknown_topic_or_partition);
    // Empty there, null elsewhere, as Kafka 4.3.1 has it.
    for (const char* const name : {"x", "t"}) {
        const auto asked = world.ask<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request(name, 0));
        CHECK(asked->message->responses[0].partitions[0].aborted_transactions.has_value() == (name[0] == 'x'));
    }
    auto epoch = BrokerWorld::fetch_request("t", 0);
    epoch.topics[0].partitions[0].current_leader_epoch = 1;
    CHECK(world.fetch(epoch).first.error_code == ErrorCode::unknown_leader_epoch);
}

TEST_CASE("a fetch waits for the append, or for its time") {
    BrokerWorld world(with_topics());
    auto request = BrokerWorld::fetch_request("t", 0);
    request.max_wait_ms = 500;
    const auto woken = world.send<FetchResponse>(ApiKey::fetch, 12, request);
    world.loop.advance(499);
    CHECK_FALSE(woken->got);
    const ByteBuffer batch = make_batch(1);
    world.produce("t", batch.bytes());
    world.loop.run_until_idle();
    REQUIRE(woken->got);
    CHECK(as_text(*woken->message->responses[0].partitions[0].records.bytes) == placed(batch, 0));

    request.topics[0].partitions[0].fetch_offset = 1;
    const auto timed_out = world.send<FetchResponse>(ApiKey::fetch, 12, request);
    world.produce("u", batch.bytes());
    world.loop.advance(499);
    CHECK_FALSE(timed_out->got);
    world.loop.advance(1);
    REQUIRE(timed_out->got);
    CHECK(timed_out->message->responses[0].partitions[0].records.bytes.value().empty());
}

TEST_CASE("a fetch waits until as many bytes are there as it asks for, over all its partitions") {
    BrokerWorld world(with_topics());
    const ByteBuffer batch = make_batch(1, {.value_bytes = 100});
    auto request = BrokerWorld::fetch_request("t", 0);
    request.topics.push_back(BrokerWorld::fetch_request("u", 0).topics[0]);
    request.max_wait_ms = 1000;
    request.min_bytes = static_cast<std::int32_t>(2 * batch.size());
    const auto asked = world.send<FetchResponse>(ApiKey::fetch, 12, request);
    world.produce("t", batch.bytes());
    world.loop.run_until_idle();
    CHECK_FALSE(asked->got);
    world.produce("u", batch.bytes());
    world.loop.run_until_idle();
    CHECK(asked->got);
}

TEST_CASE(
    "a fetch that waits on a topic that is deleted is told so, and one that waits when the broker ends does no harm") {
    BrokerWorld world(with_topics());
    auto request = BrokerWorld::fetch_request("t", 0);
    request.max_wait_ms = 10'000;
    const auto asked = world.send<FetchResponse>(ApiKey::fetch, 12, request);
    REQUIRE(world.broker->topics().remove("t"));
    world.loop.run_until_idle();
    REQUIRE(asked->got);
    CHECK(asked->message->responses[0].partitions[0].error_code == ErrorCode::unknown_topic_or_partition);
    request.topics[0].topic = "u";
    const auto never = world.send<FetchResponse>(ApiKey::fetch, 12, request);
    world.restart();
    world.loop.advance(10'001);
    CHECK_FALSE(never->got);
}

TEST_CASE("the whole answer obeys max_bytes, but for its first batch") {
    BrokerWorld world(with_topics());
    const ByteBuffer batch = make_batch(1, {.value_bytes = 1000});
    for (const char* const topic : {"t", "t", "u"}) {
        world.produce(topic, batch.bytes());
    }
    auto request = BrokerWorld::fetch_request("t", 0);
    request.topics.push_back(BrokerWorld::fetch_request("u", 0).topics[0]);
    const auto sizes = [&](std::int32_t most) {
        request.max_bytes = most;
        const auto asked = world.ask<FetchResponse>(ApiKey::fetch, 12, request);
        return std::pair(asked->message->responses[0].partitions[0].records.bytes->size() / batch.size(),
                         asked->message->responses[1].partitions[0].records.bytes->size() / batch.size());
    };
    const auto size = static_cast<std::int32_t>(batch.size());
    CHECK(sizes(1) == std::pair<std::size_t, std::size_t>(1, 0));
    CHECK(sizes(2 * size) == std::pair<std::size_t, std::size_t>(2, 0));
    CHECK(sizes(3 * size - 1) == std::pair<std::size_t, std::size_t>(2, 0));
    CHECK(sizes(3 * size) == std::pair<std::size_t, std::size_t>(2, 1));
}

TEST_CASE("from version 13 on topics are named by id") {
    BrokerWorld world(with_topics());
    const ByteBuffer batch = make_batch(1);
    world.produce("t", batch.bytes());
    auto request = BrokerWorld::fetch_request("", 0);
    request.topics[0].topic_id = world.broker->topics().find("t")->id;
    CHECK(world.fetch(request, 13).second == placed(batch, 0));
    request.topics[0].topic_id = Uuid{{std::byte{1}}};
    CHECK(world.fetch(request, 17).first.error_code == ErrorCode::unknown_topic_id);
}

TEST_CASE("in a session only what has changed is told, and wrong numbers are refused") {
    BrokerWorld world(with_topics());
    const ByteBuffer batch = make_batch(1);
    auto request = BrokerWorld::fetch_request("t", 0);
    request.topics.push_back(BrokerWorld::fetch_request("u", 0).topics[0]);
    request.session_epoch = 0;
    const auto first = world.ask<FetchResponse>(ApiKey::fetch, 12, request);
    const std::int32_t id = first->message->session_id;
    CHECK(id > 0);
    CHECK(first->message->responses.size() == 2);

    FetchRequest next;
    next.session_id = id;
    next.session_epoch = 1;
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, next)->message->responses.empty());
    world.produce("u", batch.bytes());
    next.session_epoch = 2;
    const auto news = world.ask<FetchResponse>(ApiKey::fetch, 12, next);
    REQUIRE(news->message->responses.size() == 1);
    CHECK(news->message->responses[0].topic == "u");
    CHECK(as_text(*news->message->responses[0].partitions[0].records.bytes) == placed(batch, 0));

    next.session_epoch = 3;
    next.topics.push_back(BrokerWorld::fetch_request("u", 1).topics[0]);
    next.forgotten_topics_data.push_back({.topic = "t", .partitions = {0}});
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, next)->message->responses.empty());
    world.produce("t", batch.bytes());
    next = {};
    next.session_id = id;
    next.session_epoch = 4;
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, next)->message->responses.empty());

    next.session_epoch = 4;
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, next)->message->error_code == ErrorCode::invalid_fetch_session_epoch);
    next.session_id = id + 1;
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, next)->message->error_code == ErrorCode::fetch_session_id_not_found);
    // The end of a session: what comes after does not find it.
    auto last = BrokerWorld::fetch_request("t", 0);
    last.session_id = id;
    last.session_epoch = -1;
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, last)->message->session_id == 0);
    CHECK(world.broker->fetch_sessions().size() == 0);
}

TEST_CASE("sessions are no more than a number, and the ones used last stay") {
    BrokerWorld world(with_topics());
    auto request = BrokerWorld::fetch_request("t", 0);
    request.session_epoch = 0;
    const std::int32_t first = world.ask<FetchResponse>(ApiKey::fetch, 12, request)->message->session_id;
    const std::int32_t second = world.ask<FetchResponse>(ApiKey::fetch, 12, request)->message->session_id;
    FetchRequest next;
    next.session_id = first;
    next.session_epoch = 1;
    world.ask<FetchResponse>(ApiKey::fetch, 12, next);
    for (std::size_t i = 0; i < broker::FetchSessions::kMostSessions - 1; ++i) {
        world.ask<FetchResponse>(ApiKey::fetch, 12, request);
    }
    CHECK(world.broker->fetch_sessions().size() == broker::FetchSessions::kMostSessions);
    next.session_epoch = 2;
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, next)->message->error_code == ErrorCode::none);
    next.session_id = second;
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, next)->message->error_code == ErrorCode::fetch_session_id_not_found);
}

TEST_CASE("sessions have no more partitions than a number, all together") {
    BrokerWorld world(with_topics());
    const auto session_of = [&](std::size_t partitions) {
        auto request = BrokerWorld::fetch_request("t", 0);
        request.session_epoch = 0;
        for (std::size_t i = 1; i < partitions; ++i) {
            request.topics[0].partitions.push_back({.partition = static_cast<std::int32_t>(i)});
        }
        return world.ask<FetchResponse>(ApiKey::fetch, 12, request)->message->session_id;
    };
    constexpr std::size_t kMost = broker::FetchSessions::kMostTargets;
    const std::int32_t first = session_of(1);
    const std::int32_t second = session_of(kMost - 1);
    CHECK(world.broker->fetch_sessions().size() == 2);
    const std::int32_t third = session_of(1);
    CHECK((first != 0 && second != 0 && third != 0));
    CHECK(world.broker->fetch_sessions().size() == 2);  // without the first
    CHECK(session_of(kMost + 1) == 0);
    CHECK(world.broker->fetch_sessions().size() == 2);

    FetchRequest more;
    more.session_id = second;
    more.session_epoch = 1;
    more.topics.push_back(BrokerWorld::fetch_request("u", 0).topics[0]);
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, more)->message->error_code == ErrorCode::none);
    CHECK(world.broker->fetch_sessions().size() == 1);
    more.session_epoch = 2;
    more.topics[0].partitions.push_back({.partition = 1});
    CHECK(world.ask<FetchResponse>(ApiKey::fetch, 12, more)->message->error_code == ErrorCode::fetch_session_id_not_found);
    CHECK(world.broker->fetch_sessions().size() == 0);
}

TEST_CASE("a request that waits is gone with its connection, and one of another connection is not") {
    BrokerWorld world(with_topics());
    auto request = BrokerWorld::fetch_request("t", 0);
    request.max_wait_ms = INT32_MAX;
    const auto asked = world.send<FetchResponse>(ApiKey::fetch, 12, request);
    world.loop.run_until_idle();
    CHECK(world.broker->keeps_any());
    world.broker->dispatcher().closed(2);
    CHECK(world.broker->keeps_any());
    world.broker->dispatcher().closed(1);
    CHECK_FALSE(world.broker->keeps_any());
    world.produce("t", make_batch(1).bytes());
    world.loop.run_until_idle();
    CHECK_FALSE(asked->got);

    const auto again = world.send<FetchResponse>(ApiKey::fetch, 12, BrokerWorld::fetch_request("t", 0));
    REQUIRE(world.loop.run_until([&] { return again->got.has_value(); }));
    CHECK_FALSE(world.broker->keeps_any());
}

TEST_CASE("versions before record batches are refused") {
    BrokerWorld world(with_topics());
    auto request = BrokerWorld::fetch_request("t", 0);
    request.max_bytes = INT32_MAX;
    CHECK(world.fetch(request, 2).first.error_code == ErrorCode::unsupported_version);
}
