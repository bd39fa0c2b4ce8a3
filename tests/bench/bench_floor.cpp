// SPDX-License-Identifier: Apache-2.0
// The least that a broker with a log can do: bench_floor FOLDER. A thread for each connection reads requests, checks a
// batch's CRC, appends it to a file (unlinked, in FOLDER) and says that all is well; every other request has an empty
// answer. So it serves bench_client's produce, and shows what sockets, files and checksums cost by themselves. Prints its
// address; ends with its input.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "io/file.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"

namespace {

using namespace kseg;

constexpr std::size_t kMostRequestBytes = std::size_t{64} << 20;

[[noreturn]] void die(const std::string& why) {
    fmt::print(stderr, "bench_floor: {}\n", why);
    std::_Exit(1);
}

bool receive(int socket, std::byte* into, std::size_t size) {
    for (std::size_t got = 0; got < size;) {
        const ssize_t part = ::recv(socket, into + got, size - got, 0);
        if (part <= 0) {
            return false;
        }
        got += static_cast<std::size_t>(part);
    }
    return true;
}

/// The answer to a Produce 3 of one batch, which is appended to `log`.
void produce(wire::Reader& in, wire::Writer& out, int log) {
    (void)in.i16();  // transactional id: none
    (void)in.i16();  // acks
    (void)in.i32();  // time-out
    (void)in.i32();  // topics: one
    const auto length = static_cast<std::uint16_t>(in.i16());
    const Bytes name = in.bytes(length);
    (void)in.i32();  // partitions: one
    (void)in.i32();
    const NullableBytes records = in.i32_bytes();
    if (!in.ok() || !records) {
        die("not a request of bench_client");
    }
    const auto batch = record::BatchView::parse(*records, {});
    if (!batch || batch->compute_crc() != batch->header().crc) {
        die("a damaged batch");
    }
    if (::write(log, records->data(), records->size()) != static_cast<ssize_t>(records->size())) {
        die("no room");
    }
    out.i32(1);
    out.i16(static_cast<std::int16_t>(length));
    out.bytes(name);
    out.i32(1);
    out.i32(0);
    out.i16(0);   // no error
    out.i64(0);   // base offset
    out.i64(-1);  // append time
    out.i32(0);   // throttle
}

void serve(io::Descriptor socket, int log) {
    const int on = 1;
    (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::vector<std::byte> request;
    ByteBuffer answer;
    std::array<std::byte, 4> length{};
    while (receive(socket.get(), length.data(), length.size())) {
        const auto size = static_cast<std::uint32_t>(wire::load_big<std::int32_t>(length.data()));
        if (size > kMostRequestBytes) {
            die("a request that is too large");
        }
        request.resize(size);
        if (!receive(socket.get(), request.data(), size)) {
            return;
        }
        wire::Reader in(request);
        const std::int16_t api = in.i16();
        (void)in.i16();
        const std::int32_t correlation = in.i32();
        (void)in.i16();  // client id: none
        answer.clear();
        wire::Writer out(answer);
        out.i32(0);
        out.i32(correlation);
        if (api == 0) {
            produce(in, out, log);
        }
        wire::store_big(answer.data(), static_cast<std::int32_t>(answer.size() - 4));
        if (::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(answer.size())) {
            return;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        die("which folder?");
    }
    const std::string path = fmt::format("{}/bench-floor-{}", argv[1], ::getpid());
    const io::Descriptor log(::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600));
    (void)::unlink(path.c_str());
    const io::Descriptor listening(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (log.get() < 0 || ::bind(listening.get(), raw, size) != 0 || ::listen(listening.get(), 16) != 0 ||
        ::getsockname(listening.get(), raw, &size) != 0) {
        die("no port, or no file");
    }
    fmt::print("127.0.0.1:{}\n", ntohs(address.sin_port));
    (void)std::fflush(stdout);
    std::thread([&] {
        for (;;) {
            io::Descriptor accepted(::accept(listening.get(), nullptr, nullptr));
            if (accepted.get() < 0) {
                die("no connection");
            }
            std::thread(serve, std::move(accepted), log.get()).detach();
        }
    }).detach();
    while (std::getchar() != EOF) {
    }
    std::_Exit(0);
}
