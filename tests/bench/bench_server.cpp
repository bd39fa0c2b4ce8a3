// SPDX-License-Identifier: Apache-2.0
// What the event loop and its connections carry: bench_server [PORT]. Clients in threads of this process ask for echoes of
// 1 KiB, and for a megabyte of a file; with PORT they ask another server that answers the same way.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "broker/server.hpp"
#include "kafka/wire/writer.hpp"

namespace {

using namespace kseg;
using SteadyTime = std::chrono::steady_clock;

constexpr std::size_t kEchoBytes = 1024;
constexpr std::size_t kFileBytes = std::size_t{1} << 20;

class Steady final : public Clock {
  public:
    [[nodiscard]] TimestampMs now() const override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyTime::now().time_since_epoch()).count();
    }
};

/// A request of one byte gets a part of the file, any other itself.
class Answerer final : public broker::FrameHandler {
  public:
    explicit Answerer(std::shared_ptr<const io::ReadAt> file) : file_(std::move(file)) {}
    void handle(std::shared_ptr<broker::Frame> frame, broker::Reply reply) override {
        broker::Response response;
        ByteBuffer bytes;
        if (frame->bytes.size() == 1) {
            wire::Writer(bytes).i32(kFileBytes);
            response.pieces.emplace_back(std::move(bytes));
            response.pieces.emplace_back(broker::FileRange{.file = file_, .offset = 0, .size = kFileBytes});
        } else {
            wire::Writer(bytes).i32(static_cast<std::int32_t>(frame->bytes.size()));
            bytes.append(frame->bytes.bytes());
            response.pieces.emplace_back(std::move(bytes));
        }
        reply(std::move(response));
    }
    void closed(broker::ConnectionId) override {}

  private:
    std::shared_ptr<const io::ReadAt> file_;
};

io::Descriptor connect_to(std::uint16_t port) {
    io::Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        std::exit(1);
    }
    const int on = 1;
    (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
}

void receive(int socket, std::vector<char>& into, std::size_t size) {
    for (std::size_t got = 0; got < size;) {
        const ssize_t part = ::recv(socket, into.data(), std::min(into.size(), size - got), 0);
        if (part <= 0) {
            std::exit(1);
        }
        got += static_cast<std::size_t>(part);
    }
}

/// `rounds` times sends `depth` requests at once and takes their answers; returns seconds.
double ask(std::uint16_t port, std::size_t request_bytes, std::size_t answer_bytes, int connections, int depth,
           int rounds) {
    const auto start = SteadyTime::now();
    std::vector<std::thread> clients;
    for (int i = 0; i < connections; ++i) {
        clients.emplace_back([=] {
            const io::Descriptor socket = connect_to(port);
            ByteBuffer requests;
            for (int d = 0; d < depth; ++d) {
                wire::Writer(requests).i32(static_cast<std::int32_t>(request_bytes));
                requests.append(std::string(request_bytes, 'x'));
            }
            std::vector<char> answer(std::size_t{1} << 18);
            for (int round = 0; round < rounds; ++round) {
                if (::send(socket.get(), requests.data(), requests.size(), MSG_NOSIGNAL) !=
                    static_cast<ssize_t>(requests.size())) {
                    std::exit(1);
                }
                receive(socket.get(), answer, static_cast<std::size_t>(depth) * (4 + answer_bytes));
            }
        });
    }
    for (std::thread& client : clients) {
        client.join();
    }
    return std::chrono::duration<double>(SteadyTime::now() - start).count();
}

void measure(std::uint16_t port) {
    for (const auto& [connections, depth, rounds] :
         std::vector<std::array<int, 3>>{{1, 1, 40'000}, {1, 16, 10'000}, {16, 1, 5'000}, {16, 16, 1'000}}) {
        const double seconds = ask(port, kEchoBytes, kEchoBytes, connections, depth, rounds);
        fmt::print("echo of 1 KiB, {:2} connections, {:2} at once: {:9.0f} requests/s\n", connections, depth,
                   connections * depth * rounds / seconds);
    }
    const double seconds = ask(port, 1, kFileBytes, 2, 2, 1'000);
    fmt::print("1 MiB of a file, 2 connections: {:.2f} GB/s\n", 4e3 * kFileBytes / seconds / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        measure(static_cast<std::uint16_t>(std::atoi(argv[1])));
        return 0;
    }
    const std::string path = fmt::format("/tmp/kseg-bench-server-{}", ::getpid());
    {
        const io::Descriptor made(::open(path.c_str(), O_CREAT | O_WRONLY, 0600));
        const std::vector<char> content(kFileBytes, 'f');
        if (::write(made.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
            return 1;
        }
    }
    const auto file = std::make_shared<io::File>(*io::File::open(path));
    (void)::unlink(path.c_str());
    const Steady clock;
    const auto loop = *broker::EpollLoop::create(clock);
    Answerer answerer(file);
    broker::Server server(*loop, answerer, {});
    if (!server.listen({.host = "127.0.0.1", .port = 0})) {
        return 1;
    }
    std::thread serving([&] { loop->run(); });
    measure(server.port());
    loop->stop();
    serving.join();
    return 0;
}
