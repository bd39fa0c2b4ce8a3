// SPDX-License-Identifier: Apache-2.0
// Listens, accepts, and owns the connections.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "broker/address.hpp"
#include "broker/connection.hpp"

namespace kseg::broker {

struct ServerLimits {
    ConnectionLimits connection{};
    std::size_t connections = 4096;                          ///< one more is closed at once
    std::uint64_t receive_bytes = std::uint64_t{512} << 20;  ///< of requests, over all connections
    TimestampMs stuck_ms = 10'000;                           ///< when those bytes are spent, who is stuck so long is closed
    TimestampMs accept_pause_ms = 200;                       ///< when the system has no descriptors left
};

class Server {
  public:
    /// Borrows the loop and the handler.
    Server(EpollLoop& loop, FrameHandler& handler, const ServerLimits& limits);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    /// errors   io   the address cannot be listened on
    Result<void> listen(const Address& address);
    /// The port that is listened on.
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::size_t connections() const { return connections_.size(); }
    /// Takes a socket as if it had been accepted.
    void add(io::Descriptor socket, std::string peer);
    /// Listens no more and ends all connections.
    void close();

  private:
    void accept_from(int listener);
    void on_budget();
    void close_stuck();

    EpollLoop& loop_;
    FrameHandler& handler_;
    ServerLimits limits_;
    ReceiveBudget budget_;
    std::vector<io::Descriptor> listeners_;
    std::uint16_t port_ = 0;
    ConnectionId last_id_ = 0;
    std::unordered_map<ConnectionId, std::shared_ptr<Connection>> connections_;
    TimerId stuck_timer_ = 0;
    std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace kseg::broker
