// SPDX-License-Identifier: Apache-2.0
// Connections over real sockets and a loop that is turned by hand on a clock that the test sets.
#include "broker/connection.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "broker/server.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_file.hpp"

using namespace kseg;
using namespace kseg::broker;

namespace {

std::string framed(const std::string& content) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>((content.size() >> static_cast<unsigned>(shift)) & 0xffU);
    }
    return out + content;
}

Response bytes_response(std::string_view text) {
    Response response;
    response.pieces.emplace_back(ByteBuffer(as_bytes(text)));
    return response;
}

/// Keeps what comes, and answers only where the test does.
class Keeper final : public FrameHandler {
  public:
    struct Item {
        std::string content;
        ConnectionId connection = 0;
        Reply reply;
    };
    void handle(std::shared_ptr<Frame> frame, Reply reply) override {
        items.push_back({std::string(frame->bytes.text()), frame->connection, reply});
        if (echo) {
            reply(bytes_response(items.back().content));
        }
    }
    void closed(ConnectionId connection) override { gone.push_back(connection); }

    std::vector<Item> items;
    std::vector<ConnectionId> gone;
    bool echo = false;
};

struct World {
    explicit World(ServerLimits limits = {}) : server(*loop, keeper, limits) {}

    /// A client's end of a new connection.
    io::Descriptor connect() {
        int ends[2] = {-1, -1};
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        server.add(io::Descriptor(ends[0]), "test");
        return io::Descriptor(ends[1]);
    }
    void turn(int times = 8) const {
        for (int i = 0; i < times; ++i) {
            loop->run_once(false);
        }
    }
    void send(const io::Descriptor& client, std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            }
            turn(1);
            if (sent <= 0 && server.connections() == 0) {
                return;
            }
        }
        turn();
    }
    /// As much as a socket takes, without the other side running.
    [[nodiscard]] static std::size_t send_some(const io::Descriptor& client, std::string_view bytes) {
        const ssize_t sent = ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        return sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    std::string receive(const io::Descriptor& client, std::size_t at_least = 0) const {
        std::string all;
        std::array<char, 65536> part{};
        for (int empty = 0; empty < 4;) {
            const ssize_t got = ::recv(client.get(), part.data(), part.size(), 0);
            if (got > 0) {
                all.append(part.data(), static_cast<std::size_t>(got));
                empty = 0;
            } else {
                empty = all.size() >= at_least ? empty + 1 : empty;
                if (got == 0) {
                    break;
                }
            }
            turn(1);
        }
        return all;
    }
    /// Whether the other side has ended the connection.
    [[nodiscard]] static bool is_ended(const io::Descriptor& client) {
        char byte = 0;
        return ::recv(client.get(), &byte, 1, MSG_PEEK) == 0;
    }

    test::FakeClock clock;
    std::unique_ptr<EpollLoop> loop = *EpollLoop::create(clock);
    Keeper keeper;
    Server server;
};

}  // namespace

TEST_CASE("answers are sent in the order of the requests, whatever the order in which they are given") {
    World world;
    const io::Descriptor client = world.connect();
    world.send(client, framed("a") + framed("b") + framed("c"));
    REQUIRE(world.keeper.items.size() == 3);
    CHECK(world.keeper.items[1].content == "b");
    world.keeper.items[2].reply(bytes_response("C"));
    world.keeper.items[1].reply(bytes_response("B"));
    CHECK(world.receive(client).empty());
    world.keeper.items[0].reply(bytes_response("A"));
    CHECK(world.receive(client) == "ABC");
    world.keeper.items[0].reply(bytes_response("again"));
    CHECK(world.receive(client).empty());
}

TEST_CASE("a request without an answer holds none back") {
    World world;
    const io::Descriptor client = world.connect();
    world.send(client, framed("a") + framed("b"));
    world.keeper.items[1].reply(bytes_response("B"));
    world.keeper.items[0].reply({});
    CHECK(world.receive(client) == "B");
}

TEST_CASE("no more requests are taken than the limit says until some are answered") {
    World world({.connection = {.requests = 3}});
    const io::Descriptor client = world.connect();
    std::string all;
    for (int i = 0; i < 10; ++i) {
        all += framed(std::to_string(i));
    }
    world.send(client, all);
    CHECK(world.keeper.items.size() == 3);
    world.keeper.items[1].reply(bytes_response("1"));
    world.turn();
    CHECK(world.keeper.items.size() == 3);
    world.keeper.items[0].reply(bytes_response("0"));
    world.turn();
    CHECK(world.keeper.items.size() == 5);
    for (std::size_t i = 2; i < 10; ++i) {
        REQUIRE(world.keeper.items.size() > i);
        world.keeper.items[i].reply(bytes_response(std::to_string(i)));
        world.turn();
    }
    CHECK(world.receive(client) == "0123456789");
}

TEST_CASE("requests wait while the bytes of those before are over the limit, and one alone may be larger") {
    World world({.connection = {.request_bytes = 100}});
    const io::Descriptor client = world.connect();
    world.send(client, framed(std::string(500, 'x')) + framed("next"));
    REQUIRE(world.keeper.items.size() == 1);
    world.keeper.items[0].reply(bytes_response("-"));
    world.turn();
    REQUIRE(world.keeper.items.size() == 2);
    CHECK(world.keeper.items[1].content == "next");
}

TEST_CASE("from a client that does not read its answers no more requests are taken, and others are served") {
    World world({.connection = {.unsent_bytes = 1 << 20}});
    world.keeper.echo = true;
    const io::Descriptor slow = world.connect();
    const std::string request = framed(std::string(100'000, 'q'));
    std::size_t sent = 0;
    for (int i = 0; i < 2000; ++i) {
        sent += World::send_some(slow, std::string_view(request).substr(sent % request.size()));
        world.turn(1);
    }
    // What lies in both sockets' buffers comes on top of the limit.
    CHECK(sent < (std::size_t{8} << 20));
    CHECK(world.keeper.items.size() < 80);
    const io::Descriptor other = world.connect();
    world.send(other, framed("hello"));
    CHECK(world.receive(other) == "hello");
    // Once it reads, it gets all of it.
    const std::size_t whole = sent / request.size() * (request.size() - 4);
    CHECK(world.receive(slow, whole).size() >= whole);
}

TEST_CASE("a frame over the limit and a negative length end the connection, and others go on") {
    World world({.connection = {.frame_bytes = 1000}});
    world.keeper.echo = true;
    const io::Descriptor good = world.connect();
    for (const std::string& bad : {std::string("\x00\x00\x03\xe9", 4), std::string("\x80\x00\x00\x00", 4)}) {
        const io::Descriptor client = world.connect();
        world.send(client, bad);
        CHECK(World::is_ended(client));
    }
    CHECK(world.keeper.gone.size() == 2);
    world.send(good, framed("x"));
    CHECK(world.receive(good) == "x");
}

TEST_CASE("what a client sent before it closed is handled, and its end is told once") {
    World world;
    {
        const io::Descriptor client = world.connect();
        REQUIRE(World::send_some(client, framed("last words")) == 14);
    }
    world.turn();
    REQUIRE(world.keeper.items.size() == 1);
    CHECK(world.keeper.items[0].content == "last words");
    world.keeper.items[0].reply(bytes_response("nobody"));
    world.turn();
    CHECK(world.keeper.gone == std::vector<ConnectionId>{1});
    CHECK(world.server.connections() == 0);
    world.keeper.items[0].reply(bytes_response("nobody"));
    world.turn();
}

TEST_CASE("a client that closes its half gets the answers that are due") {
    World world;
    const io::Descriptor client = world.connect();
    world.send(client, framed("q"));
    REQUIRE(::shutdown(client.get(), SHUT_WR) == 0);
    world.turn();
    REQUIRE(world.keeper.items.size() == 1);
    CHECK(world.keeper.gone.empty());
    world.keeper.items[0].reply(bytes_response("answer"));
    CHECK(world.receive(client) == "answer");
    CHECK(world.keeper.gone.size() == 1);
}

TEST_CASE("a client that closes its half is not waited for much longer") {
    World world({.connection = {.linger_ms = 1000}});
    const io::Descriptor client = world.connect();
    world.send(client, framed("long poll"));
    REQUIRE(::shutdown(client.get(), SHUT_WR) == 0);
    world.turn();
    world.clock.now_ms += 999;
    world.turn();
    CHECK(world.keeper.gone.empty());
    world.clock.now_ms += 1;
    world.turn();
    CHECK(world.keeper.gone.size() == 1);
    CHECK(World::is_ended(client));
}

TEST_CASE("an answer that says so ends the connection behind what was answered before") {
    World world;
    const io::Descriptor client = world.connect();
    world.send(client, framed("a") + framed("b") + framed("c"));
    world.keeper.items[2].reply(bytes_response("C"));
    world.keeper.items[1].reply({.pieces = {}, .close = true});
    world.keeper.items[0].reply(bytes_response("A"));
    CHECK(world.receive(client) == "A");
    CHECK(World::is_ended(client));
}

TEST_CASE("a silent connection is closed after its time, one that waits for its answer is not") {
    World world({.connection = {.idle_ms = 1000}});
    const io::Descriptor silent = world.connect();
    const io::Descriptor waits = world.connect();
    world.send(waits, framed("long poll"));
    world.clock.now_ms += 999;
    world.turn();
    CHECK(world.keeper.gone.empty());
    world.clock.now_ms += 1;
    world.turn();
    CHECK(world.keeper.gone == std::vector<ConnectionId>{1});
    CHECK(World::is_ended(silent));
    world.clock.now_ms += 5000;
    world.turn();
    world.keeper.items[0].reply(bytes_response("at last"));
    CHECK(world.receive(waits) == "at last");
    world.clock.now_ms += 1001;
    world.turn();
    CHECK(world.keeper.gone.size() == 2);
}

TEST_CASE("half a request keeps a connection no longer than silence does") {
    World world({.connection = {.idle_ms = 1000}});
    const io::Descriptor client = world.connect();
    world.send(client, framed("abcdef").substr(0, 7));
    world.clock.now_ms += 1000;
    world.turn();
    CHECK(World::is_ended(client));
}

TEST_CASE("one connection more than the limit is closed at once") {
    World world({.connections = 2});
    const io::Descriptor first = world.connect();
    const io::Descriptor second = world.connect();
    const io::Descriptor third = world.connect();
    CHECK(World::is_ended(third));
    CHECK_FALSE(World::is_ended(second));
    CHECK(world.server.connections() == 2);
}

TEST_CASE("when the bytes of all are spent, whoever is stuck in the middle of a request is closed and the others go on") {
    World world({.receive_bytes = 100'000, .stuck_ms = 1000});
    world.keeper.echo = true;
    std::vector<io::Descriptor> hostile;
    for (int i = 0; i < 4; ++i) {
        hostile.push_back(world.connect());
        REQUIRE(World::send_some(hostile.back(), framed(std::string(90'000, 'h')).substr(0, 50'000)) == 50'000);
        world.turn();
    }
    const io::Descriptor good = world.connect();
    world.send(good, framed("small"));
    CHECK(world.receive(good) == "small");  // it holds nothing, so it may
    world.clock.now_ms += 1000;
    world.turn();
    for (const io::Descriptor& client : hostile) {
        CHECK(World::is_ended(client));
    }
    world.send(good, framed(std::string(150'000, 'g')));
    CHECK(world.receive(good, 150'000).size() == 150'000);
}

TEST_CASE("parts of files are sent between bytes, whether the system has the file or only we do") {
    std::string content(3'000'000, 0);
    for (std::size_t i = 0; i < content.size(); ++i) {
        content[i] = static_cast<char>(i * 7919 >> 8);
    }
    const std::string path = "/tmp/kseg-sendfile-" + std::to_string(::getpid());
    {
        const io::Descriptor file(::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600));
        REQUIRE(::write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    }
    const std::vector<std::shared_ptr<const io::ReadAt>> files{std::make_shared<io::File>(*io::File::open(path)),
                                                               std::make_shared<test::MemoryFile>(as_bytes(content))};
    REQUIRE(::unlink(path.c_str()) == 0);
    for (const auto& file : files) {
        World world;
        const io::Descriptor client = world.connect();
        world.send(client, framed("fetch"));
        Response response = bytes_response("head");
        response.pieces.emplace_back(FileRange{.file = file, .offset = 12345, .size = 2'500'001});
        response.pieces.emplace_back(ByteBuffer(as_bytes("middle")));
        response.pieces.emplace_back(FileRange{.file = file, .offset = 0, .size = 1});
        response.pieces.emplace_back(FileRange{.file = file, .offset = 5, .size = 0});
        response.pieces.emplace_back(ByteBuffer(as_bytes("tail")));
        world.keeper.items[0].reply(std::move(response));
        const std::string expected = "head" + content.substr(12345, 2'500'001) + "middle" + content.substr(0, 1) + "tail";
        CHECK(world.receive(client, expected.size()) == expected);
    }
}

TEST_CASE("a file that ends before what was promised of it ends the connection") {
    const std::string content(1000, 'c');
    World world;
    const io::Descriptor client = world.connect();
    world.send(client, framed("fetch"));
    Response response = bytes_response("head");
    response.pieces.emplace_back(
        FileRange{.file = std::make_shared<test::MemoryFile>(as_bytes(content)), .offset = 900, .size = 200});
    world.keeper.items[0].reply(std::move(response));
    CHECK(world.receive(client).size() == 4 + 100);
    CHECK(World::is_ended(client));
}

TEST_CASE("a flood of small requests does not keep the loop from others") {
    World world;
    world.keeper.echo = true;
    const io::Descriptor flood = world.connect();
    std::string all;
    for (int i = 0; i < 5000; ++i) {
        all += framed("x");
    }
    REQUIRE(World::send_some(flood, all) == all.size());
    const io::Descriptor other = world.connect();
    REQUIRE(World::send_some(other, framed("me too")) == 10);
    world.turn(3);
    bool served = false;
    for (const auto& item : world.keeper.items) {
        served = served || item.content == "me too";
    }
    CHECK(served);
    CHECK(world.keeper.items.size() < 500);
    CHECK(world.receive(flood, 5000).size() == 5000);
}
