// SPDX-License-Identifier: Apache-2.0
// A whole broker on a fake clock and a disk in memory. The input is what happens: a byte says what and, in its upper half,
// on which of a few connections: a frame (length of two bytes, bytes), records that are put into a batch with the right
// length and checksum and produced, time that goes by, a connection that ends, a restart. Every answer is framed and named
// as its request; behind the end of all connections nothing of their requests is left.
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.hpp"
#include "fuzz_support.hpp"
#include "kafka/protocol/messages/produce.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/wire/writer.hpp"
#include "support/crash_fs.hpp"
#include "support/fake_loop.hpp"
#include "support/inline_workers.hpp"

using namespace kseg;

namespace {

constexpr std::size_t kConnections = 4;
constexpr std::size_t kMostFrames = 64;
constexpr int kMostRestarts = 2;
constexpr TimestampMs kLongestWaitMs = 40 * 60'000;  // longer than any session of a group may be

class Session {
  public:
    Session() { start(); }

    void run(Bytes input) {
        while (!input.empty()) {
            const std::uint8_t what = to_u8(take(input, 1)[0]);
            const std::size_t place = what >> 4U & (kConnections - 1);
            switch (what & 7U) {
                case 0:
                case 1: send(place, ByteBuffer(take(input, size_of(input)))); break;
                case 2: produce(place, take(input, size_of(input))); break;
                case 3: pass(300 * static_cast<std::size_t>((what >> 4U) * (what >> 4U))); break;
                case 4: end(place); break;
                case 5: restart(); break;
                default: loop_.run_until_idle(); break;
            }
        }
        for (std::size_t place = 0; place < kConnections; ++place) {
            end(place);
        }
        loop_.run_until_idle();
        fuzz::require(!broker_->keeps_any());
        // Members of groups are left for as long as their session says.
        for (int i = 0; i < 4; ++i) {
            pass(kLongestWaitMs);
        }
        for (const auto& frame : frames_) {
            fuzz::require(frame.expired());
        }
        fuzz::require(broker_->close().has_value());
    }

  private:
    static Bytes take(Bytes& input, std::size_t size) {
        const Bytes taken = input.first(std::min(size, input.size()));
        input = input.subspan(taken.size());
        return taken;
    }
    static std::size_t size_of(Bytes& input) {
        std::size_t size = 0;
        for (const std::byte b : take(input, 2)) {
            size = size << 8U | to_u8(b);
        }
        return size;
    }

    void start() {
        broker::BrokerSettings settings;
        settings.directory = "/data";
        settings.advertised = {.host = "broker.test", .port = 9092};
        settings.topics = {{"t", 1}, {"orders-2.x_y", 2}};
        settings.log.sync = wal::SyncPolicy::none;
        settings.log.sync_threads = 1;
        settings.log.segment_bytes = 4096;
        auto opened = broker::Broker::open(
            {.fs = fs_, .clock = clock_, .loop = loop_, .workers = workers_, .random = [this] { return random_.next(); }},
            settings);
        fuzz::require(opened.has_value());
        broker_ = *std::move(opened);
    }

    void restart() {
        if (restarts_++ >= kMostRestarts) {
            return;
        }
        for (std::size_t place = 0; place < kConnections; ++place) {
            end(place);
        }
        fuzz::require(broker_->close().has_value());
        broker_.reset();
        start();
    }

    void pass(std::size_t milliseconds) {
        clock_.now_ms += static_cast<TimestampMs>(milliseconds);
        loop_.run_until_idle();
    }

    void end(std::size_t place) {
        broker_->dispatcher().closed(connections_[place]);
        connections_[place] = ++last_connection_;
    }

    void send(std::size_t place, ByteBuffer bytes) {
        if (frames_.size() >= kMostFrames) {
            return;
        }
        auto frame = std::make_shared<broker::Frame>();
        frame->connection = connections_[place];
        frame->peer = "127.0.0.1";
        frame->bytes = std::move(bytes);
        frames_.push_back(frame);
        const Bytes content = frame->bytes.bytes();
        const std::int32_t number = content.size() >= 8 ? wire::load_big<std::int32_t>(content.data() + 4) : 0;
        auto is_answered = std::make_shared<bool>(false);
        broker_->dispatcher().handle(std::move(frame), [number, is_answered](const broker::Response& response) {
            fuzz::require(!*is_answered);
            *is_answered = true;
            check(response, number);
        });
    }

    static void check(const broker::Response& response, std::int32_t number) {
        if (response.pieces.empty()) {
            return;
        }
        std::uint64_t size = 0;
        for (const broker::Piece& piece : response.pieces) {
            const auto* const range = std::get_if<broker::FileRange>(&piece);
            size += range != nullptr ? range->size : std::get<ByteBuffer>(piece).size();
            if (range != nullptr) {
                ByteBuffer part;
                part.resize(range->size);
                const auto got = range->file->read_at(range->offset, {part.data(), part.size()});
                fuzz::require(got.has_value() && *got == part.size());
            }
        }
        const auto* const first = std::get_if<ByteBuffer>(&response.pieces.front());
        fuzz::require(first != nullptr && first->size() >= 8);
        fuzz::require(wire::load_big<std::uint32_t>(first->data()) + 4 == size);
        fuzz::require(wire::load_big<std::int32_t>(first->data() + 4) == number);
    }

    void produce(std::size_t place, Bytes content) {
        ByteBuffer batch(content);
        if (batch.size() > record::kCrcCoverAt) {
            wire::store_big(batch.data() + 8, static_cast<std::int32_t>(batch.size() - record::kLengthFieldEnd));
            batch.data()[record::kMagicAt] = std::byte{2};
            wire::store_big(batch.data() + record::kCrcAt, crc32c(batch.bytes().subspan(record::kCrcCoverAt)));
        }
        protocol::ProduceRequest request;
        request.acks = -1;
        request.topic_data.push_back({.name = "t", .partition_data = {{.index = 0, .records = {.bytes = batch.bytes()}}}});
        protocol::Output out;
        fuzz::require(protocol::encode_request(out, protocol::api_of(protocol::ApiKey::produce), 9,
                                               {.correlation_id = 7, .client_id = "fuzz"}, request)
                          .has_value());
        send(place, ByteBuffer(out.bytes.bytes().subspan(protocol::kFrameLengthBytes)));
    }

    test::CrashFs fs_;
    test::FakeClock clock_;
    test::FakeLoop loop_{clock_};
    test::InlineWorkers workers_{loop_};
    protocol::RandomSource random_{42};
    std::unique_ptr<broker::Broker> broker_;
    std::array<broker::ConnectionId, kConnections> connections_{1, 2, 3, 4};
    broker::ConnectionId last_connection_ = kConnections;
    std::vector<std::weak_ptr<broker::Frame>> frames_;
    int restarts_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Session session;
    session.run(fuzz::bytes_of(data, size));
    return 0;
}
