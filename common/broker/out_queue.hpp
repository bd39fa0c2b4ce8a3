// SPDX-License-Identifier: Apache-2.0
// What is still to be sent on a socket: bytes, and parts of files that go from the page cache to the socket.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "broker/frame.hpp"

namespace kseg::broker {

class OutQueue {
  public:
    void add(std::vector<Piece> pieces);

    /// Sends until the socket takes no more, or about `most_bytes` were sent.
    /// errors   io   the peer is gone, or a file ended early: then what was sent cannot be made good
    Result<void> send(int socket, std::uint64_t most_bytes);

    [[nodiscard]] bool empty() const { return pieces_.empty(); }
    /// Bytes in memory that are not sent yet.
    [[nodiscard]] std::uint64_t held_bytes() const { return held_bytes_; }
    /// Bytes sent since it was made.
    [[nodiscard]] std::uint64_t sent_bytes() const { return sent_bytes_; }

  private:
    Result<std::uint64_t> send_bytes(int socket, std::uint64_t most_bytes);
    Result<std::uint64_t> send_file(int socket, const FileRange& range, std::uint64_t most_bytes);
    void advance(std::uint64_t bytes);

    std::deque<Piece> pieces_;
    std::uint64_t front_sent_ = 0;  // of the first piece
    std::uint64_t held_bytes_ = 0;
    std::uint64_t sent_bytes_ = 0;
};

}  // namespace kseg::broker
