// SPDX-License-Identifier: Apache-2.0
#include "broker/address.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

namespace kseg::broker {
namespace {

constexpr int kBacklog = 512;

/// The numeric address of a socket's other side.
std::string host_text(const sockaddr* address, socklen_t size) {
    std::array<char, NI_MAXHOST> host{};
    return ::getnameinfo(address, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) == 0 ? host.data() : "";
}

// The system's calls take any kind of address by a pointer to its common part.
sockaddr* common_part(sockaddr_storage& storage) {
    return reinterpret_cast<sockaddr*>(&storage);
}

Result<io::Descriptor> listen_to(const addrinfo& info, std::uint16_t port, const std::string& name) {
    io::Descriptor socket(::socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) {
        return io_error("listen on " + name, errno);
    }
    const int on = 1;
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_storage storage{};
    std::copy_n(reinterpret_cast<const std::byte*>(info.ai_addr), info.ai_addrlen, reinterpret_cast<std::byte*>(&storage));
    if (info.ai_family == AF_INET6) {
        (void)::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
    } else {
        reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
    }
    if (::bind(socket.get(), common_part(storage), info.ai_addrlen) != 0 || ::listen(socket.get(), kBacklog) != 0) {
        return io_error("listen on " + name, errno);
    }
    return socket;
}

}  // namespace

std::string Address::text() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::optional<Address> parse_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return std::nullopt;
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    Address address;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) {
        return std::nullopt;
    }
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;
    }
    address.host = host;
    return address;
}

Result<std::vector<io::Descriptor>> listen_on(const Address& address) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    if (const int failed = ::getaddrinfo(address.host.c_str(), nullptr, &hints, &found); failed != 0) {
        return Error{.code = Errc::io, .what = fmt::format("listen on {}: {}", address.text(), ::gai_strerror(failed))};
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> infos(found, &::freeaddrinfo);
    std::vector<io::Descriptor> sockets;
    std::uint16_t port = address.port;
    for (const addrinfo* info = infos.get(); info != nullptr; info = info->ai_next) {
        auto socket = listen_to(*info, port, address.text());
        if (!socket) {
            return socket.error();
        }
        const auto bound = port_of(socket->get());
        if (!bound) {
            return bound.error();
        }
        port = *bound;
        sockets.push_back(*std::move(socket));
    }
    return sockets;
}

Result<std::uint16_t> port_of(int socket) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getsockname(socket, common_part(storage), &size) != 0) {
        return io_error("socket", errno);
    }
    return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(storage).sin6_port
                                               : reinterpret_cast<sockaddr_in&>(storage).sin_port);
}

Result<std::optional<Accepted>> accept_one(int listener) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    io::Descriptor socket(::accept4(listener, common_part(storage), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) {
        // A client that has gone meanwhile is none.
        const bool nobody =
            errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED || errno == EPROTO;
        return nobody ? Result<std::optional<Accepted>>(std::nullopt) : io_error("accept", errno);
    }
    const int on = 1;
    (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return std::optional(Accepted{.socket = std::move(socket), .peer = host_text(common_part(storage), size)});
}

}  // namespace kseg::broker
