// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>

#include "kafka/record/batch_editor.hpp"
#include "support/broker_world.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BrokerWorld;
using kseg::test::make_batch;
using kseg::test::placed;

namespace {

/// Holds syncs of logs until they are let go.
class Gate {
  public:
    explicit Gate(test::CrashFs& fs) : fs_(fs) {
        fs_.on_sync = [this](const std::string& path) {
            if (path.ends_with(".log")) {
                std::unique_lock lock(mutex_);
                ++waiting_;
                changed_.notify_all();
                changed_.wait(lock, [this] { return open_; });
            }
        };
    }
    ~Gate() { open(); }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    bool wait_for_sync() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(10), [this] { return waiting_ != 0; });
    }

  private:
    test::CrashFs& fs_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

broker::BrokerSettings with_topic() {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 1}};
    return settings;
}

}  // namespace

TEST_CASE("a batch is appended with offset and epoch set and nothing else changed, and comes back so") {
    BrokerWorld world(with_topic());
    const ByteBuffer first = make_batch(1, {.records = 3});
    const ByteBuffer second = make_batch(2, {.records = 2, .codec = codec::Codec::zstd});
    CHECK(world.produce("t", first.bytes()).base_offset == 0);
    const auto answer = world.produce("t", second.bytes());
    CHECK(answer.error_code == ErrorCode::none);
    CHECK(answer.base_offset == 3);
    CHECK(answer.log_append_time_ms == -1);
    CHECK(answer.log_start_offset == 0);
    const auto [data, bytes] = world.fetch(BrokerWorld::fetch_request("t", 0));
    CHECK(bytes == placed(first, 0) + placed(second, 3));
    CHECK(data.high_watermark == 5);
    CHECK(data.last_stable_offset == 5);
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 4)).second == placed(second, 3));
}

TEST_CASE("neither acks 1 nor all are answered before the sync, nor is the record shown") {
    BrokerWorld world(with_topic());
    const ByteBuffer batch = make_batch(1);
    for (const std::int16_t acks : {std::int16_t{1}, std::int16_t{-1}}) {
        Gate gate(world.fs);
        const std::int64_t before = world.fetch(BrokerWorld::fetch_request("t", 0)).first.high_watermark;
        const auto asked =
            world.send<ProduceResponse>(ApiKey::produce, 9, BrokerWorld::produce_request("t", batch.bytes(), acks));
        REQUIRE(gate.wait_for_sync());
        world.loop.run_until_idle();
        CHECK_FALSE(asked->got);
        CHECK(world.fetch(BrokerWorld::fetch_request("t", before)).second.empty());
        CHECK(world.fetch(BrokerWorld::fetch_request("t", before)).first.high_watermark == before);
        gate.open();
        REQUIRE(world.loop.run_until([&] { return asked->got.has_value(); }));
        CHECK(asked->message->responses[0].partition_responses[0].base_offset == before);
        CHECK(world.fetch(BrokerWorld::fetch_request("t", before)).second == placed(batch, before));
        world.fs.on_sync = nullptr;
    }
}

TEST_CASE("acks 0 has no answer, and where it failed the connection is closed") {
    BrokerWorld world(with_topic());
    const ByteBuffer batch = make_batch(1);
    const auto good = world.ask<ProduceResponse>(ApiKey::produce, 9, BrokerWorld::produce_request("t", batch.bytes(), 0));
    CHECK(good->got->pieces.empty());
    CHECK_FALSE(good->got->close);
    const auto bad = world.ask<ProduceResponse>(ApiKey::produce, 9, BrokerWorld::produce_request("u", batch.bytes(), 0));
    CHECK(bad->got->close);
}

TEST_CASE("without syncs a batch is answered and shown at once") {
    broker::BrokerSettings settings = with_topic();
    settings.log.sync = wal::SyncPolicy::none;
    BrokerWorld world(settings);
    const ByteBuffer batch = make_batch(1);
    const auto asked = world.send<ProduceResponse>(ApiKey::produce, 9, BrokerWorld::produce_request("t", batch.bytes()));
    world.loop.run_until_idle();
    CHECK(asked->got);
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).second == placed(batch, 0));
}

TEST_CASE("after a sync that failed the error is told, the partition takes no more, and what was durable is still served") {
    broker::BrokerSettings settings = with_topic();
    settings.topics.emplace_back("other", 1);
    BrokerWorld world(settings);
    const ByteBuffer batch = make_batch(1);
    CHECK(world.produce("t", batch.bytes()).error_code == ErrorCode::none);
    world.fs.fail_when([](const std::string& operation, const std::string& path) {
        return operation == "sync" && path.find("/t-0/") != std::string::npos && path.ends_with(".log");
    });
    const auto failed = world.produce("t", batch.bytes());
    CHECK(failed.error_code == ErrorCode::kafka_storage_error);
    CHECK(failed.base_offset == -1);
    world.fs.fail_when(nullptr);
    CHECK(world.produce("t", batch.bytes()).error_code == ErrorCode::kafka_storage_error);
    CHECK(world.produce("other", batch.bytes()).error_code == ErrorCode::none);
    const auto [data, bytes] = world.fetch(BrokerWorld::fetch_request("t", 0));
    CHECK(bytes == placed(batch, 0));
    CHECK(data.high_watermark == 1);
}

TEST_CASE("what was acknowledged is there after a power cut, whatever else is") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        BrokerWorld world(with_topic());
        std::string expected;
        for (std::uint64_t i = 0; i < 5; ++i) {
            const ByteBuffer batch = make_batch(i, {.records = 2});
            REQUIRE(world.produce("t", batch.bytes()).error_code == ErrorCode::none);
            expected += placed(batch, static_cast<std::int64_t>(2 * i));
        }
        world.crash(seed);
        CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).second.starts_with(expected));
    }
}

TEST_CASE("an idempotent batch that comes twice gets its first answer, also after a restart, and burns no offsets") {
    BrokerWorld world(with_topic());
    const auto batch = [](std::int32_t sequence, std::int16_t epoch = 0) {
        return make_batch(7, {.records = 2, .producer_id = 9, .producer_epoch = epoch, .base_sequence = sequence});
    };
    CHECK(world.produce("t", batch(0).bytes()).base_offset == 0);
    CHECK(world.produce("t", batch(2).bytes()).base_offset == 2);
    const auto again = world.produce("t", batch(2).bytes());
    CHECK(again.error_code == ErrorCode::none);
    CHECK(again.base_offset == 2);
    CHECK(world.produce("t", batch(0).bytes()).base_offset == 0);
    const auto gap = world.produce("t", batch(6).bytes());
    CHECK(gap.error_code == ErrorCode::out_of_order_sequence_number);
    CHECK(gap.log_start_offset == 0);
    CHECK(gap.base_offset == -1);
    world.restart();
    CHECK(world.produce("t", batch(2).bytes()).base_offset == 2);
    CHECK(world.produce("t", batch(0, 1).bytes()).base_offset == 4);
    CHECK(world.produce("t", batch(4, 0).bytes()).error_code == ErrorCode::invalid_producer_epoch);
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).first.high_watermark == 6);
}

TEST_CASE("a producer that wrote nothing for a day is forgotten, as Kafka forgets it, for good") {
    auto settings = with_topic();
    settings.retention_check_ms = 50;
    settings.defaults.retention_ms = -1;
    BrokerWorld world(settings);
    const TimestampMs then = world.clock.now_ms;
    const auto batch = [&](std::int32_t sequence) {
        return make_batch(7, {.producer_id = 9, .producer_epoch = 0, .base_sequence = sequence, .time = then});
    };
    REQUIRE(world.produce("t", batch(0).bytes()).base_offset == 0);
    world.clock.now_ms = then + 86'400'000 - 51;
    world.loop.advance(50);
    CHECK(world.produce("t", batch(5).bytes()).error_code == ErrorCode::out_of_order_sequence_number);
    world.loop.advance(51);
    world.restart();
    CHECK(world.produce("t", batch(5).bytes()).base_offset == 1);
}

TEST_CASE("every flipped bit of a batch is refused, but for those that the broker sets, and leaves nothing behind") {
    BrokerWorld world(with_topic());
    const ByteBuffer batch = make_batch(3, {.records = 2});
    for (std::size_t bit = 0; bit < batch.size() * 8; ++bit) {
        const std::size_t at = bit / 8;
        ByteBuffer changed(batch.bytes());
        changed.data()[at] ^= static_cast<std::byte>(1U << (bit % 8));
        const bool ours = at < 8 || (at >= 12 && at < 16);
        if (ours) {
            continue;
        }
        const auto answer = world.produce("t", changed.bytes());
        CHECK_MESSAGE(answer.error_code != ErrorCode::none, bit);
        CHECK(answer.base_offset == -1);
    }
    CHECK(world.fetch(BrokerWorld::fetch_request("t", 0)).first.high_watermark == 0);
}

TEST_CASE("records that are no one good batch are refused as Kafka refuses them") {
    BrokerWorld world(with_topic());
    const ByteBuffer one = make_batch(1);
    ByteBuffer two(one.bytes());
    two.append(one.bytes());
    CHECK(world.produce("t", two.bytes()).error_code == ErrorCode::invalid_record);
    CHECK(world.produce("t", one.bytes().first(one.size() - 1)).error_code == ErrorCode::invalid_record);
    CHECK(world.produce("t", one.bytes().first(16)).error_code == ErrorCode::invalid_record);
    CHECK(world.produce("t", {}).error_code == ErrorCode::invalid_record);
    ByteBuffer old(one.bytes());
    old.data()[16] = std::byte{1};
    CHECK(world.produce("t", old.bytes()).error_code == ErrorCode::invalid_record);
    const ByteBuffer zstd = make_batch(1, {.codec = codec::Codec::zstd});
    CHECK(world.produce("t", zstd.bytes(), 6).error_code == ErrorCode::unsupported_compression_type);
    CHECK(world.produce("t", zstd.bytes(), 7).error_code == ErrorCode::none);
    const ByteBuffer large = make_batch(1, {.value_bytes = 1048588});
    CHECK(world.produce("t", large.bytes()).error_code == ErrorCode::message_too_large);
    CHECK(world.produce("u", one.bytes()).error_code == ErrorCode::unknown_topic_or_partition);
    auto acks = BrokerWorld::produce_request("t", one.bytes(), 2);
    const auto asked = world.ask<ProduceResponse>(ApiKey::produce, 9, acks);
    CHECK(asked->message->responses[0].partition_responses[0].error_code == ErrorCode::invalid_required_acks);
    CHECK(world.produce("t", one.bytes(), 2).error_code == ErrorCode::unsupported_version);
}

TEST_CASE("a small batch that decompresses to far more than any has is refused") {
    BrokerWorld world(with_topic());
    const ByteBuffer bomb = make_batch(1, {.value_bytes = std::size_t{129} << 20, .codec = codec::Codec::zstd});
    CHECK(bomb.size() < 100'000);
    CHECK(world.produce("t", bomb.bytes()).error_code == ErrorCode::invalid_record);
    const ByteBuffer good = make_batch(1, {.value_bytes = std::size_t{100} << 20, .codec = codec::Codec::zstd});
    CHECK(world.produce("t", good.bytes()).error_code == ErrorCode::none);
}

TEST_CASE("a topic with the time of appending sets it, with a right CRC") {
    BrokerWorld world;
    REQUIRE(world.broker->topics().create_now("t", 1, {{"message.timestamp.type", "LogAppendTime"}}));
    world.clock.now_ms = 1'800'000'000'123;
    const auto answer = world.produce("t", make_batch(1, {.records = 2, .codec = codec::Codec::lz4}).bytes());
    CHECK(answer.log_append_time_ms == 1'800'000'000'123);
    const std::string bytes = world.fetch(BrokerWorld::fetch_request("t", 0)).second;
    const auto batch = record::BatchView::parse(as_bytes(bytes), {});
    REQUIRE(batch);
    CHECK(batch->header().max_timestamp == 1'800'000'000'123);
    CHECK(batch->header().timestamp_type() == record::TimestampType::log_append);
    CHECK(batch->compute_crc() == batch->header().crc);
}

TEST_CASE("numbers of producers are never given twice, neither after a restart nor after a power cut") {
    BrokerWorld world(with_topic());
    std::int64_t last = -1;
    for (std::uint64_t life = 0; life < 6; ++life) {
        for (int i = 0; i < 3; ++i) {
            const auto id = world.broker->topics().next_producer_id();
            REQUIRE(id);
            CHECK(*id > last);
            last = *id;
        }
        life % 2 == 0 ? world.restart() : world.crash(life);
    }
    // Not even one that only a log knows of.
    world.produce("t", make_batch(1, {.producer_id = 1'000'000, .producer_epoch = 0, .base_sequence = 0}).bytes());
    world.restart();
    CHECK(*world.broker->topics().next_producer_id() == 1'000'001);
}
