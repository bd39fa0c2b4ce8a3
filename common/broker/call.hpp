// SPDX-License-Identifier: Apache-2.0
// One request on its way through the broker, from its header to the answer.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "broker/frame.hpp"
#include "kafka/protocol/apis.hpp"
#include "kafka/protocol/header.hpp"
#include "kafka/protocol/message.hpp"

namespace kseg::broker {

class Call {
  public:
    /// request   borrows the frame's bytes; its API is known
    Call(std::shared_ptr<Frame> frame, protocol::Request request, Reply reply)
        : frame_(std::move(frame)), request_(std::move(request)), reply_(std::move(reply)) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() = default;

    [[nodiscard]] protocol::ApiKey key() const { return request_.api->key; }
    [[nodiscard]] protocol::Version version() const { return request_.header.request_api_version; }
    /// Empty where the client gave none.
    [[nodiscard]] std::string client_id() const { return request_.header.client_id.value_or(std::string()); }
    /// The client's address as Kafka shows it, "/127.0.0.1".
    [[nodiscard]] std::string client_host() const { return "/" + frame_->peer; }
    [[nodiscard]] ConnectionId connection() const { return frame_->connection; }
    [[nodiscard]] Bytes body() const { return request_.body; }
    /// The same bytes, for whoever changes them in place: record batches that are appended.
    [[nodiscard]] std::span<std::byte> writable(Bytes part) const;

    /// Reads the body, and passes over what stands behind it. Records of the message borrow the frame, which lives as long
    /// as the call.
    template <typename Message>
    [[nodiscard]] Result<Message> message() const {
        return protocol::decode_prefix<Message>(request_.body, version());
    }

    /// Sends the answer, once, now or later. `records` are what Records::external_id counts.
    template <typename Message>
    // NOLINTNEXTLINE(performance-unnecessary-value-param): it is moved on
    void answer(const Message& response, std::vector<Piece> records = {}) const {
        send(Message::kSchema, &response, version(), std::move(records));
    }
    /// The same in the layout of another version than the request's.
    template <typename Message>
    void answer_as(protocol::Version version, const Message& response) const {
        send(Message::kSchema, &response, version, {});
    }
    /// Ends it without an answer, as Produce with acks 0 does.
    void answer_nothing() const { reply_({}); }
    /// Closes the connection: what came makes no sense.
    void close() const { reply_({.pieces = {}, .close = true}); }

  private:
    void send(const protocol::Schema& schema, const void* message, protocol::Version version,
              std::vector<Piece> records) const;

    std::shared_ptr<Frame> frame_;
    protocol::Request request_;
    Reply reply_;
};

/// Held by whoever answers later.
using CallPtr = std::shared_ptr<const Call>;

}  // namespace kseg::broker
