// SPDX-License-Identifier: Apache-2.0
// One client's socket: frames in, responses out in the order of the requests, and limits on what it may make us hold.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker/epoll_loop.hpp"
#include "broker/frame.hpp"
#include "broker/frame_reader.hpp"
#include "broker/out_queue.hpp"

namespace kseg::broker {

struct ConnectionLimits {
    std::uint32_t frame_bytes = 100U << 20;                 ///< Kafka's socket.request.max.bytes
    std::size_t requests = 64;                              ///< taken and not answered
    std::uint64_t request_bytes = std::uint64_t{64} << 20;  ///< of those; one request may be larger
    std::uint64_t unsent_bytes = std::uint64_t{8} << 20;    ///< of responses: then no more requests are taken
    TimestampMs idle_ms = 600'000;                          ///< without a byte in or out, and without a request to answer
    TimestampMs linger_ms = 3000;                           ///< so long a client that sends nothing more gets its answers
};

/// Bytes that all connections together hold of requests.
struct ReceiveBudget {
    std::uint64_t limit_bytes = std::uint64_t{512} << 20;
    std::uint64_t held_bytes = 0;
    /// Told when it is spent, and when it is no longer.
    std::function<void()> on_change{};

    [[nodiscard]] bool is_spent() const { return held_bytes >= limit_bytes; }
};

class Connection final : public std::enable_shared_from_this<Connection> {
  public:
    struct Surroundings {
        EpollLoop& loop;
        FrameHandler& handler;
        ReceiveBudget& budget;
        /// Told once, when the connection has ended; may destroy it.
        std::function<void(ConnectionId)> on_closed;
    };

    Connection(Surroundings around, io::Descriptor socket, ConnectionId id, std::string peer,
               const ConnectionLimits& limits);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Begins to read.
    /// errors   io
    Result<void> start();
    /// Ends it at once; what was not sent is dropped.
    void close();
    /// Reads on where the budget was what kept it from that.
    void resume();

    [[nodiscard]] ConnectionId id() const { return id_; }
    [[nodiscard]] bool is_closed() const { return !socket_.valid(); }
    /// Whether it sits on a part of a request, and nothing of it has come since `since`.
    [[nodiscard]] bool is_stuck_since(TimestampMs since) const { return reader_.is_partial() && last_active_ < since; }

  private:
    /// A request that is not answered yet, or whose answer waits for those before it.
    struct Slot {
        std::shared_ptr<const Frame> frame;
        std::optional<Response> response{};
    };

    void on_ready(Readiness ready);
    bool receive();
    void dispatch();
    void reply(std::uint64_t number, Response response);
    void flush();
    void queue_answers();
    void update_interest();
    void check_idle();
    void end_after_linger();
    [[nodiscard]] bool may_take() const;
    [[nodiscard]] bool may_read() const;
    void account();

    Surroundings around_;
    io::Descriptor socket_;
    ConnectionId id_;
    std::string peer_;
    ConnectionLimits limits_;
    FrameReader reader_;
    std::deque<Slot> slots_;
    std::uint64_t first_slot_ = 0;   // number of slots_.front()
    std::uint64_t taken_bytes_ = 0;  // of the requests in slots_
    std::uint64_t budgeted_ = 0;     // what it has in the budget
    OutQueue out_;
    bool close_after_ = false;  // once everything is sent
    bool flush_posted_ = false;
    bool peer_done_ = false;  // it sends nothing more
    TimestampMs last_active_ = 0;
    TimerId idle_timer_ = 0;
};

}  // namespace kseg::broker
