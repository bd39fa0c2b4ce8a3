// SPDX-License-Identifier: Apache-2.0
#include "broker/server.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "support/fake_clock.hpp"

using namespace kseg;
using namespace kseg::broker;

namespace {

class Echo final : public FrameHandler {
  public:
    void handle(std::shared_ptr<Frame> frame, Reply reply) override {
        peer = frame->peer;
        Response response;
        response.pieces.emplace_back(std::move(frame->bytes));
        reply(std::move(response));
    }
    void closed(ConnectionId) override {}

    std::string peer;
};

}  // namespace

TEST_CASE("addresses are read with and without brackets, and what is none is refused") {
    CHECK(parse_address("127.0.0.1:9092") == Address{.host = "127.0.0.1", .port = 9092});
    CHECK(parse_address("[::1]:0") == Address{.host = "::1", .port = 0});
    CHECK(parse_address("localhost:65535") == Address{.host = "localhost", .port = 65535});
    for (const char* const bad : {"", "9092", ":9092", "host", "host:", "host:65536", "host:-1", "::1:9092", "host:90x"}) {
        CHECK_MESSAGE(!parse_address(bad), bad);
    }
    CHECK(Address{.host = "::1", .port = 1}.text() == "[::1]:1");
}

TEST_CASE("a server on port 0 is given a port, and serves whoever connects to it") {
    const test::FakeClock clock;
    const auto loop = *EpollLoop::create(clock);
    Echo echo;
    Server server(*loop, echo, {});
    REQUIRE(server.listen({.host = "127.0.0.1", .port = 0}));
    REQUIRE(server.port() != 0);
    std::string got;
    std::thread client([&] {
        const io::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server.port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
            ::send(socket.get(), "\0\0\0\5hello", 9, MSG_NOSIGNAL) == 9) {
            char bytes[5] = {};
            if (::recv(socket.get(), bytes, sizeof bytes, MSG_WAITALL) == 5) {
                got.assign(bytes, sizeof bytes);
            }
        }
        loop->stop();
    });
    loop->run();
    client.join();
    CHECK(got == "hello");
    CHECK(echo.peer == "127.0.0.1");
}

TEST_CASE("a port that is taken cannot be listened on, and the error names it") {
    const test::FakeClock clock;
    const auto loop = *EpollLoop::create(clock);
    Echo echo;
    Server first(*loop, echo, {});
    REQUIRE(first.listen({.host = "127.0.0.1", .port = 0}));
    Server second(*loop, echo, {});
    const auto refused = second.listen({.host = "127.0.0.1", .port = first.port()});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what.find(std::to_string(first.port())) != std::string::npos);
}

TEST_CASE("tasks posted by other threads run in order and wake a loop that sleeps") {
    const test::FakeClock clock;
    const auto loop = *EpollLoop::create(clock);
    std::vector<int> ran;
    std::thread other([&] {
        for (int i = 0; i < 1000; ++i) {
            loop->post([&ran, i] { ran.push_back(i); });
        }
        loop->post([&loop] { loop->stop(); });
    });
    loop->run();
    other.join();
    REQUIRE(ran.size() == 1000);
    for (int i = 0; i < 1000; ++i) {
        CHECK(ran[static_cast<std::size_t>(i)] == i);
    }
}
