// SPDX-License-Identifier: Apache-2.0
// A whole broker on a fake clock and a disk that may fail, asked as by clients: with frames.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.hpp"
#include "kafka/protocol/messages/fetch.hpp"
#include "kafka/protocol/messages/produce.hpp"
#include "objects/directory_store.hpp"
#include "support/crash_fs.hpp"
#include "support/fake_loop.hpp"
#include "support/inline_workers.hpp"
#include "support/make_batch.hpp"

namespace kseg::test {

/// What came of one request.
template <typename Response>
struct Asked {
    std::optional<broker::Response> got{};
    std::string frame{};  // without its length; the message borrows it
    std::optional<Response> message{};
};

class BrokerWorld {
  public:
    /// with_store   segments go to archives in `objects` when they are sealed
    explicit BrokerWorld(broker::BrokerSettings wanted = {}, bool with_store = false) : settings(std::move(wanted)) {
        if (with_store) {
            REQUIRE(fs.make_directories("/archives"));
            objects = objects::directory_store(fs, "/archives");
        }
        settings.directory = "/data";
        settings.advertised = {.host = "broker.test", .port = 9092};
        settings.log.sync_threads = 1;
        start();
    }
    ~BrokerWorld() { broker.reset(); }
    BrokerWorld(const BrokerWorld&) = delete;
    BrokerWorld& operator=(const BrokerWorld&) = delete;

    void start() {
        broker::Broker::Surroundings around{
            .fs = fs, .clock = clock, .loop = loop, .workers = workers, .random = [this] { return random_.next(); }};
        if (objects != nullptr) {
            around.store = objects.get();
            around.archive_stores = {objects.get()};
            around.archive_workers = &archive_workers;
        }
        auto opened = broker::Broker::open(around, settings);
        REQUIRE_MESSAGE(opened, (opened ? std::string() : opened.error().message()));
        broker = *std::move(opened);
    }
    /// Closes the broker cleanly and opens the directory again.
    void restart() {
        REQUIRE(broker->close());
        broker.reset();
        start();
    }
    /// The power goes while it runs.
    void crash(std::uint64_t seed) {
        broker.reset();
        fs.crash(seed);
        start();
    }

    /// Sends a request, whose answer may come later.
    template <typename Response, typename Request>
    std::shared_ptr<Asked<Response>> send(protocol::ApiKey key, protocol::Version version, const Request& request) {
        auto asked = std::make_shared<Asked<Response>>();
        protocol::Output out;
        const protocol::Api& api = protocol::api_of(key);
        const auto written =
            protocol::encode_request(out, api, version, {.correlation_id = 4711, .client_id = "test"}, request);
        REQUIRE_MESSAGE(written, (written ? std::string() : written.error().message()));
        auto frame = std::make_shared<broker::Frame>();
        frame->connection = 1;
        frame->peer = "127.0.0.1";
        frame->bytes = ByteBuffer(out.bytes.bytes().subspan(protocol::kFrameLengthBytes));
        broker->dispatcher().handle(std::move(frame), [asked, &api, version](broker::Response response) {
            take(*asked, std::move(response), api, version);
        });
        return asked;
    }
    /// Sends a request and waits for its answer.
    template <typename Response, typename Request>
    std::shared_ptr<Asked<Response>> ask(protocol::ApiKey key, protocol::Version version, const Request& request) {
        auto asked = send<Response>(key, version, request);
        REQUIRE(loop.run_until([&] { return asked->got.has_value(); }));
        return asked;
    }

    static protocol::ProduceRequest produce_request(const std::string& topic, Bytes batch, std::int16_t acks = -1) {
        protocol::ProduceRequest request;
        request.acks = acks;
        request.timeout_ms = 1000;
        request.topic_data.push_back({.name = topic, .partition_data = {{.index = 0, .records = {.bytes = batch}}}});
        return request;
    }
    protocol::ProduceResponse::PartitionProduceResponse produce(const std::string& topic, Bytes batch,
                                                                protocol::Version version = 9) {
        const auto asked =
            ask<protocol::ProduceResponse>(protocol::ApiKey::produce, version, produce_request(topic, batch));
        REQUIRE(asked->message);
        return asked->message->responses.at(0).partition_responses.at(0);
    }
    static protocol::FetchRequest fetch_request(const std::string& topic, std::int64_t offset) {
        protocol::FetchRequest request;
        request.max_wait_ms = 0;
        request.min_bytes = 1;
        request.max_bytes = 50 << 20;
        request.topics.push_back(
            {.topic = topic, .partitions = {{.partition = 0, .fetch_offset = offset, .partition_max_bytes = 1 << 20}}});
        return request;
    }
    /// The one partition of a fetch, and its records' bytes.
    struct Fetched {
        protocol::ErrorCode error_code{};
        std::int64_t high_watermark = 0;
        std::int64_t last_stable_offset = 0;
        std::int64_t log_start_offset = 0;
        decltype(protocol::FetchResponse::PartitionData::aborted_transactions) aborted_transactions{};
    };
    std::pair<Fetched, std::string> fetch(const protocol::FetchRequest& request, protocol::Version version = 12) {
        const auto asked = ask<protocol::FetchResponse>(protocol::ApiKey::fetch, version, request);
        REQUIRE(asked->message);
        const auto& data = asked->message->responses.at(0).partitions.at(0);
        return {{data.error_code, data.high_watermark, data.last_stable_offset, data.log_start_offset,
                 data.aborted_transactions},
                std::string(as_text(data.records.bytes.value()))};
    }

    CrashFs fs;
    FakeClock clock;
    FakeLoop loop{clock};
    InlineWorkers workers{loop};
    InlineWorkers archive_workers{loop};
    std::unique_ptr<objects::ObjectStore> objects;
    broker::BrokerSettings settings;
    std::unique_ptr<broker::Broker> broker;

  private:
    template <typename Response>
    static void take(Asked<Response>& asked, broker::Response response, const protocol::Api& api,
                     protocol::Version version) {
        REQUIRE_FALSE(asked.got);
        std::string all;
        for (const broker::Piece& piece : response.pieces) {
            if (const auto* const bytes = std::get_if<ByteBuffer>(&piece)) {
                all += bytes->text();
            } else {
                const auto& range = std::get<broker::FileRange>(piece);
                ByteBuffer part;
                part.resize(range.size);
                const auto got = range.file->read_at(range.offset, {part.data(), part.size()});
                REQUIRE(got);
                REQUIRE(*got == part.size());
                all += part.text();
            }
        }
        asked.got = std::move(response);
        if (all.empty()) {
            return;
        }
        REQUIRE(all.size() ==
                protocol::kFrameLengthBytes + static_cast<std::size_t>(wire::load_big<std::int32_t>(as_bytes(all).data())));
        asked.frame = all.substr(protocol::kFrameLengthBytes);
        const auto parsed = protocol::parse_response(as_bytes(asked.frame), api, version);
        REQUIRE(parsed);
        CHECK(parsed->header.correlation_id == 4711);
        auto message = protocol::decode<Response>(parsed->body, version);
        REQUIRE_MESSAGE(message, (message ? std::string() : message.error().message()));
        asked.message = *std::move(message);
    }

    protocol::RandomSource random_{42};
};

/// What a broker makes of a batch that is appended: base offset in bytes 0-7, leader epoch in 12-15, nothing else.
inline std::string placed(const ByteBuffer& batch, std::int64_t base_offset, std::int32_t leader_epoch = 0) {
    std::string bytes(batch.text());
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[i] = static_cast<char>(static_cast<std::uint64_t>(base_offset) >> (56 - 8 * i) & 0xffU);
    }
    for (std::size_t i = 0; i < 4; ++i) {
        bytes[12 + i] = static_cast<char>(static_cast<std::uint32_t>(leader_epoch) >> (24 - 8 * i) & 0xffU);
    }
    return bytes;
}

}  // namespace kseg::test
