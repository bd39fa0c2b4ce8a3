// SPDX-License-Identifier: Apache-2.0
// HOST:PORT, and the sockets that stand for one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::broker {

struct Address {
    std::string host;
    std::uint16_t port = 0;

    /// "HOST:PORT", with brackets around a host that holds colons.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Address&, const Address&) = default;
};

/// Reads HOST:PORT and [HOST]:PORT; nothing where the text is neither.
std::optional<Address> parse_address(std::string_view text);

/// Opens sockets that listen on what the host stands for; where the port is 0, all on the one that the first was given.
/// errors   io   the host is not known, or an address cannot be listened on
Result<std::vector<io::Descriptor>> listen_on(const Address& address);

/// The port that a socket is bound to.
Result<std::uint16_t> port_of(int socket);

/// A connection that waits on a listening socket, and the client's address; nothing where none does.
struct Accepted {
    io::Descriptor socket{};
    std::string peer{};
};
/// errors   io   no descriptors are left, and the like: it may go better later
Result<std::optional<Accepted>> accept_one(int listener);

}  // namespace kseg::broker
