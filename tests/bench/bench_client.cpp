// SPDX-License-Identifier: Apache-2.0
// A client that does no more than it must, so that a broker is what is measured:
//   bench_client produce HOST:PORT TOPIC RECORDS SIZE BATCH_BYTES ACKS DEPTH   seconds until all are acknowledged
//   bench_client consume HOST:PORT TOPIC RECORDS                               seconds until so many were read, CRCs
//   checked bench_client latency HOST:PORT TOPIC ROUNDS    ms from sending a record until it is acknowledged, and until a
//   consumer that
//                                                  waits has it: median and 99 % of each
//   bench_client create|delete HOST:PORT TOPIC [SETTING VALUE]
// Requests are of the oldest versions that newest brokers take: Metadata 4, Produce 3, Fetch 4,
// CreateTopics 2, DeleteTopics 1.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/address.hpp"
#include "io/file.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/builder.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"

namespace {

using namespace kseg;
using SteadyTime = std::chrono::steady_clock;

constexpr std::int16_t kProduce = 0;
constexpr std::int16_t kFetch = 1;
constexpr std::int16_t kMetadata = 3;
constexpr std::int16_t kCreateTopics = 19;
constexpr std::int16_t kDeleteTopics = 20;
constexpr std::int32_t kTimeoutMs = 30'000;
constexpr std::int32_t kFetchBytes = 50 << 20;          // of an answer, as clients ask by default
constexpr std::int32_t kPartitionFetchBytes = 1 << 20;  // of a partition

[[noreturn]] void die(const std::string& why) {
    fmt::print(stderr, "bench_client: {}\n", why);
    std::exit(1);
}

double seconds_since(SteadyTime::time_point begin) {
    return std::chrono::duration<double>(SteadyTime::now() - begin).count();
}

void text(wire::Writer& out, std::string_view value) {
    out.i16(static_cast<std::int16_t>(value.size()));
    out.bytes(as_bytes(value));
}

class Connection {
  public:
    explicit Connection(const broker::Address& to) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(to.port);
        if (::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr) != 1 ||
            ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            die("no connection to " + to.text());
        }
        const int on = 1;
        (void)::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    /// Sends a request whose body `fill` writes; `tail` follows it uncopied.
    template <typename Fill>
    void ask(std::int16_t api, std::int16_t version, Fill fill, Bytes tail = {}) {
        request_.clear();
        wire::Writer out(request_);
        out.i32(0);
        out.i16(api);
        out.i16(version);
        out.i32(0);   // correlation id: answers come in order
        out.i16(-1);  // client id
        fill(out);
        wire::store_big(request_.data(), static_cast<std::int32_t>(request_.size() - 4 + tail.size()));
        send(request_.bytes());
        send(tail);
    }

    /// The next answer behind its correlation id; valid until the next call.
    Bytes answer() {
        std::array<std::byte, 4> length{};
        receive(length);
        const auto size = wire::load_big<std::int32_t>(length.data());
        if (size < 4) {
            die("a bad answer");
        }
        answer_.resize(static_cast<std::size_t>(size));
        receive({answer_.data(), answer_.size()});
        return Bytes(answer_).subspan(4);
    }

  private:
    void send(Bytes bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                die("the broker has gone");
            }
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
    }
    void receive(std::span<std::byte> into) {
        while (!into.empty()) {
            const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), MSG_WAITALL);
            if (got <= 0) {
                die("the broker has gone");
            }
            into = into.subspan(static_cast<std::size_t>(got));
        }
    }

    io::Descriptor socket_;
    ByteBuffer request_;
    std::vector<std::byte> answer_;
};

/// Records of a batch of about `bytes`, all of a size and with ten bytes of their own.
std::int32_t records_for(std::size_t bytes, std::size_t size) {
    return static_cast<std::int32_t>(std::max<std::size_t>(bytes / (size + 10), 1));
}

ByteBuffer make_batch(std::int32_t count, std::size_t size) {
    const std::vector<std::byte> value(size, std::byte{'v'});
    record::BatchBuilder builder;
    builder.begin({});
    for (std::int32_t i = 0; i < count; ++i) {
        record::RecordView one;
        one.offset = i;
        one.stored_timestamp = 1'700'000'000'000;
        one.value = Bytes(value);
        if (!builder.add(one)) {
            die("no record");
        }
    }
    ByteBuffer out;
    if (!builder.finish(out)) {
        die("no batch");
    }
    return out;
}

void ask_produce(Connection& to, const std::string& topic, std::int16_t acks, const ByteBuffer& batch) {
    to.ask(
        kProduce, 3,
        [&](wire::Writer& out) {
            out.i16(-1);  // transactional id
            out.i16(acks);
            out.i32(kTimeoutMs);
            out.i32(1);
            text(out, topic);
            out.i32(1);
            out.i32(0);
            out.i32(static_cast<std::int32_t>(batch.size()));
        },
        batch.bytes());
}

std::int16_t produce_error(Connection& to, const std::string& topic) {
    wire::Reader in(to.answer());
    (void)in.i32();
    (void)in.bytes(2 + topic.size());
    (void)in.i32();
    (void)in.i32();
    return in.i16();
}

/// Makes the topic, where it is missing, by asking for it.
void make_topic(Connection& to, const std::string& topic) {
    const ByteBuffer probe = make_batch(1, 1);
    for (int i = 0; i < 500; ++i) {
        to.ask(kMetadata, 4, [&](wire::Writer& out) {
            out.i32(1);
            text(out, topic);
            out.i8(1);
        });
        (void)to.answer();
        ask_produce(to, topic, 1, probe);
        if (produce_error(to, topic) == 0) {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    die("no topic " + topic);
}

void create(Connection& to, const std::string& topic, const std::string& setting, const std::string& value) {
    to.ask(kCreateTopics, 2, [&](wire::Writer& out) {
        out.i32(1);
        text(out, topic);
        out.i32(1);
        out.i16(1);
        out.i32(0);  // assignments
        out.i32(setting.empty() ? 0 : 1);
        if (!setting.empty()) {
            text(out, setting);
            text(out, value);
        }
        out.i32(kTimeoutMs);
        out.i8(0);
    });
    (void)to.answer();
}

void remove(Connection& to, const std::string& topic) {
    to.ask(kDeleteTopics, 1, [&](wire::Writer& out) {
        out.i32(1);
        text(out, topic);
        out.i32(kTimeoutMs);
    });
    (void)to.answer();
}

void ask_fetch(Connection& to, const std::string& topic, std::int64_t offset) {
    to.ask(kFetch, 4, [&](wire::Writer& out) {
        out.i32(-1);   // replica
        out.i32(500);  // most ms to wait, as clients ask by default
        out.i32(1);
        out.i32(kFetchBytes);
        out.i8(0);
        out.i32(1);
        text(out, topic);
        out.i32(1);
        out.i32(0);
        out.i64(offset);
        out.i32(kPartitionFetchBytes);
    });
}

/// The whole batches of an answer; the last may be cut off. Returns the offset behind them.
std::int64_t read_fetch(Connection& from, const std::string& topic, std::int64_t offset, std::int64_t& records) {
    wire::Reader in(from.answer());
    (void)in.bytes(4 + 4 + 2 + topic.size() + 4 + 4);  // throttle, topics, name, partitions, index
    if (const std::int16_t error = in.i16(); error != 0) {
        die(fmt::format("fetch: error {}", error));
    }
    (void)in.i64();
    (void)in.i64();
    if (const std::int32_t aborted = in.i32(); aborted > 0) {
        (void)in.bytes(std::uint64_t{16} * static_cast<std::uint32_t>(aborted));
    }
    const NullableBytes found = in.i32_bytes();
    for (Bytes left = found ? *found : Bytes{}; left.size() >= record::kBatchHeaderBytes;) {
        const std::size_t size =
            static_cast<std::uint32_t>(wire::load_big<std::int32_t>(left.data() + 8)) + record::kLengthFieldEnd;
        if (size > left.size()) {
            break;
        }
        const auto batch = record::BatchView::parse(left.first(size), {});
        if (!batch || batch->compute_crc() != batch->header().crc) {
            die("a damaged batch");
        }
        records += batch->header().records_count;
        offset = batch->header().base_offset + batch->header().last_offset_delta + 1;
        left = left.subspan(size);
    }
    return offset;
}

void produce(Connection& to, const std::string& topic, std::int64_t records, std::size_t size, std::size_t batch_bytes,
             std::int16_t acks, int depth) {
    make_topic(to, topic);
    const std::int32_t per_batch = records_for(batch_bytes, size);
    const ByteBuffer batch = make_batch(per_batch, size);
    const std::int64_t batches = (records + per_batch - 1) / per_batch;
    const auto begin = SteadyTime::now();
    std::int64_t acknowledged = 0;
    for (std::int64_t sent = 0; acknowledged < batches;) {
        if (sent < batches && sent - acknowledged < depth) {
            ask_produce(to, topic, acks, batch);
            ++sent;
        } else {
            if (const auto error = produce_error(to, topic); error != 0) {
                die(fmt::format("produce: error {}", error));
            }
            ++acknowledged;
        }
    }
    fmt::print("{}\n", seconds_since(begin));
}

void consume(Connection& from, const std::string& topic, std::int64_t wanted) {
    const auto begin = SteadyTime::now();
    std::int64_t records = 0;
    for (std::int64_t offset = 0; records < wanted;) {
        ask_fetch(from, topic, offset);
        offset = read_fetch(from, topic, offset, records);
    }
    fmt::print("{}\n", seconds_since(begin));
}

void latency(Connection& to, Connection& from, const std::string& topic, int rounds) {
    make_topic(to, topic);
    std::int64_t records = 0;
    std::int64_t offset = 0;
    for (; records == 0;) {
        ask_fetch(from, topic, offset);
        offset = read_fetch(from, topic, offset, records);
    }
    const ByteBuffer batch = make_batch(1, 100);
    std::vector<double> acknowledged;
    std::vector<double> consumed;
    for (int i = 0; i < rounds + rounds / 10; ++i) {
        ask_fetch(from, topic, offset);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // until it waits
        const auto begin = SteadyTime::now();
        ask_produce(to, topic, 1, batch);
        if (produce_error(to, topic) != 0) {
            die("produce failed");
        }
        acknowledged.push_back(1000 * seconds_since(begin));
        offset = read_fetch(from, topic, offset, records);
        consumed.push_back(1000 * seconds_since(begin));
    }
    for (auto* const times : {&acknowledged, &consumed}) {
        times->erase(times->begin(), times->begin() + rounds / 10);  // warming up
        std::ranges::sort(*times);
        fmt::print("{}\n{}\n", (*times)[times->size() / 2], (*times)[times->size() * 99 / 100]);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto address = words.size() < 3 ? std::nullopt : broker::parse_address(words[1]);
    if (!address) {
        die("usage: bench_client produce|consume|latency|create|delete HOST:PORT TOPIC ...");
    }
    const auto number = [&](std::size_t at) { return at < words.size() ? std::stoll(words[at]) : 0; };
    Connection one(*address);
    if (words[0] == "produce" && words.size() == 8) {
        produce(one, words[2], number(3), static_cast<std::size_t>(number(4)), static_cast<std::size_t>(number(5)),
                static_cast<std::int16_t>(number(6)), static_cast<int>(number(7)));
    } else if (words[0] == "consume") {
        consume(one, words[2], number(3));
    } else if (words[0] == "create") {
        create(one, words[2], words.size() > 4 ? words[3] : "", words.size() > 4 ? words[4] : "");
    } else if (words[0] == "delete") {
        remove(one, words[2]);
    } else if (words[0] == "latency") {
        Connection other(*address);
        latency(one, other, words[2], static_cast<int>(number(3)));
    } else {
        die("usage: bench_client produce|consume|latency|create|delete HOST:PORT TOPIC ...");
    }
    return 0;
}
