// SPDX-License-Identifier: Apache-2.0
// What passes between a connection and the broker behind it: frames in, responses out.
// Source: Kafka's protocol guide: a request and a response is a 4-byte length and so many bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "io/file.hpp"

namespace kseg::broker {

/// Numbers connections, from 1; never used again.
using ConnectionId = std::uint64_t;

/// One request as it came, without its length. Whoever needs its bytes holds it.
struct Frame {
    ConnectionId connection = 0;
    std::string peer{};  ///< the client's address
    ByteBuffer bytes{};
};

/// Bytes of a file that are sent as they are. The file stays open as long as somebody holds it, unlinked or not.
struct FileRange {
    std::shared_ptr<const io::ReadAt> file;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// Bytes, or a part of a file.
using Piece = std::variant<ByteBuffer, FileRange>;

struct Response {
    std::vector<Piece> pieces{};  ///< with the length in front; none: nothing is sent
    bool close = false;           ///< the connection is closed instead
};

/// Takes the response to one frame; of several the first counts. May be called at once or later, by the loop's thread;
/// after the connection is gone it does nothing.
using Reply = std::function<void(Response)>;

class FrameHandler {
  public:
    FrameHandler() = default;
    FrameHandler(const FrameHandler&) = delete;
    FrameHandler& operator=(const FrameHandler&) = delete;
    virtual ~FrameHandler() = default;

    /// Takes a request. Those of one connection come in order, and are answered in that order whatever the order in which
    /// they are replied to.
    virtual void handle(std::shared_ptr<Frame> frame, Reply reply) = 0;
    /// A connection has ended.
    virtual void closed(ConnectionId connection) = 0;
};

}  // namespace kseg::broker
