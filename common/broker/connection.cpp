// SPDX-License-Identifier: Apache-2.0
#include "broker/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace kseg::broker {
namespace {

constexpr std::size_t kReceiveBytes = std::size_t{64} << 10;
// Of one connection in one turn of the loop.
constexpr std::uint64_t kSendPerTurn = std::uint64_t{4} << 20;
constexpr std::size_t kRequestsPerTurn = 32;

}  // namespace

Connection::Connection(Surroundings around, io::Descriptor socket, ConnectionId id, std::string peer,
                       const ConnectionLimits& limits)
    : around_(std::move(around)),
      socket_(std::move(socket)),
      id_(id),
      peer_(std::move(peer)),
      limits_(limits),
      reader_(limits.frame_bytes) {}

Connection::~Connection() {
    around_.on_closed = nullptr;
    close();
}

Result<void> Connection::start() {
    last_active_ = around_.loop.now();
    // Weak: an event that is on its way must not find a connection that is gone.
    auto watched = around_.loop.watch(socket_.get(), {.readable = true}, [self = weak_from_this()](Readiness ready) {
        if (const auto connection = self.lock()) {
            connection->on_ready(ready);
        }
    });
    if (watched) {
        check_idle();
    }
    return watched;
}

void Connection::close() {
    if (is_closed()) {
        return;
    }
    around_.loop.forget(socket_.get());
    around_.loop.cancel(idle_timer_);
    socket_ = io::Descriptor();
    slots_.clear();
    taken_bytes_ = 0;
    reader_ = FrameReader(limits_.frame_bytes);
    account();
    if (around_.on_closed) {
        const auto tell = std::move(around_.on_closed);
        around_.on_closed = nullptr;
        tell(id_);
    }
}

/// Keeps the budget at what this connection holds.
void Connection::account() {
    const std::uint64_t held = reader_.held_bytes() + taken_bytes_;
    const bool was_spent = around_.budget.is_spent();
    around_.budget.held_bytes += held - budgeted_;
    budgeted_ = held;
    if (around_.budget.on_change && was_spent != around_.budget.is_spent()) {
        around_.budget.on_change();
    }
}

void Connection::on_ready(Readiness ready) {
    // What it sent before it went is taken first, as far as it may be.
    if (ready.broken && !(ready.readable && may_read())) {
        close();
        return;
    }
    if (ready.writable) {
        flush();
    }
    if (!is_closed() && ready.readable && may_read()) {
        if (receive()) {
            dispatch();
        } else {
            close();
        }
    }
}

/// Takes what the socket has; false where the connection is at its end.
bool Connection::receive() {
    static thread_local std::array<std::byte, kReceiveBytes> scratch;
    const std::span<std::byte> room = reader_.room();
    const std::span<std::byte> into = room.empty() ? std::span<std::byte>(scratch) : room;
    const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), MSG_DONTWAIT);
    if (got < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    }
    last_active_ = around_.loop.now();
    if (got == 0) {
        // A client may close its half and still read answers. Most have closed both, which looks the same: one that was
        // waiting for records would keep its descriptor until they come.
        peer_done_ = true;
        update_interest();
        end_after_linger();
        return !slots_.empty() || !out_.empty();
    }
    const auto size = static_cast<std::size_t>(got);
    if (!room.empty()) {
        reader_.received(size);
    } else if (!reader_.feed(into.first(size))) {
        return false;  // nothing that follows can be made sense of
    }
    account();
    return true;
}

bool Connection::may_take() const {
    return !close_after_ && slots_.size() < limits_.requests && out_.held_bytes() < limits_.unsent_bytes &&
           (slots_.empty() || taken_bytes_ < limits_.request_bytes);
}

bool Connection::may_read() const {
    // A frame that waits to be taken is enough of reading ahead.
    return !peer_done_ && !reader_.has_frame() && may_take() && (!around_.budget.is_spent() || budgeted_ == 0);
}

/// Hands frames to the handler as far as the limits allow.
void Connection::dispatch() {
    std::size_t taken = 0;
    while (!is_closed() && reader_.has_frame() && may_take()) {
        if (taken++ == kRequestsPerTurn) {
            around_.loop.post([self = weak_from_this()] {
                if (const auto connection = self.lock(); connection && !connection->is_closed()) {
                    connection->dispatch();
                }
            });
            break;
        }
        auto frame = std::make_shared<Frame>();
        frame->connection = id_;
        frame->peer = peer_;
        frame->bytes = reader_.take_frame();
        taken_bytes_ += frame->bytes.size();
        slots_.push_back({.frame = frame});
        const std::uint64_t number = first_slot_ + slots_.size() - 1;
        around_.handler.handle(std::move(frame), [self = weak_from_this(), number](Response response) {
            if (const auto connection = self.lock(); connection && !connection->is_closed()) {
                connection->reply(number, std::move(response));
            }
        });
    }
    if (!is_closed()) {
        account();
        update_interest();
    }
}

void Connection::reply(std::uint64_t number, Response response) {
    if (number < first_slot_ || number - first_slot_ >= slots_.size() || slots_[number - first_slot_].response) {
        return;
    }
    slots_[number - first_slot_].response = std::move(response);
    // Sent at the end of the turn, with those that are answered by then.
    if (number == first_slot_ && !flush_posted_) {
        flush_posted_ = true;
        around_.loop.post([self = weak_from_this()] {
            if (const auto connection = self.lock(); connection && !connection->is_closed()) {
                connection->flush_posted_ = false;
                connection->flush();
            }
        });
    }
}

void Connection::queue_answers() {
    while (!slots_.empty() && slots_.front().response && !close_after_) {
        Response response = *std::move(slots_.front().response);
        taken_bytes_ -= slots_.front().frame->bytes.size();
        slots_.pop_front();
        ++first_slot_;
        close_after_ = response.close;
        out_.add(std::move(response.pieces));
    }
    account();
}

void Connection::flush() {
    queue_answers();
    const std::uint64_t before = out_.sent_bytes();
    if (!out_.send(socket_.get(), kSendPerTurn)) {
        close();
        return;
    }
    if (out_.sent_bytes() != before) {
        last_active_ = around_.loop.now();
    }
    if (out_.empty() && (close_after_ || (peer_done_ && slots_.empty() && !reader_.has_frame()))) {
        close();
        return;
    }
    dispatch();
}

void Connection::update_interest() {
    around_.loop.change(socket_.get(), {.readable = may_read(), .writable = !out_.empty()});
}

void Connection::resume() {
    if (!is_closed()) {
        update_interest();
    }
}

void Connection::end_after_linger() {
    around_.loop.cancel(idle_timer_);
    idle_timer_ = around_.loop.at(around_.loop.now() + limits_.linger_ms, [self = weak_from_this()] {
        if (const auto connection = self.lock(); connection && !connection->is_closed()) {
            const bool idle = connection->last_active_ + connection->limits_.idle_ms <= connection->around_.loop.now();
            if (connection->out_.empty() || idle) {
                connection->close();
            } else {
                connection->end_after_linger();
            }
        }
    });
}

/// Ends a connection on which nothing moves: one that is silent, or that does not read its answers.
void Connection::check_idle() {
    const bool waits_for_us = !slots_.empty() && out_.empty() && !slots_.front().response;
    if (waits_for_us) {
        last_active_ = around_.loop.now();
    }
    const TimestampMs deadline = last_active_ + limits_.idle_ms;
    if (around_.loop.now() >= deadline) {
        close();
        return;
    }
    idle_timer_ = around_.loop.at(deadline, [self = weak_from_this()] {
        if (const auto connection = self.lock(); connection && !connection->is_closed()) {
            connection->check_idle();
        }
    });
}

}  // namespace kseg::broker
