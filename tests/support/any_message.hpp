// SPDX-License-Identifier: Apache-2.0
// A message of any type, by its schema: for tests that go over all of them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/protocol/apis.hpp"
#include "kafka/protocol/engine.hpp"
#include "kafka/protocol/header.hpp"
#include "kafka/protocol/messages/consumer_protocol.hpp"
#include "kafka/protocol/messages/group_records.hpp"
#include "kafka/protocol/messages/transaction_log.hpp"
#include "kafka/protocol/schema.hpp"

namespace kseg::test {

class AnyMessage {
  public:
    explicit AnyMessage(const protocol::Schema& schema) : schema_(&schema), message_(schema.create()) {}
    AnyMessage(AnyMessage&& other) noexcept : schema_(other.schema_), message_(std::exchange(other.message_, nullptr)) {}
    AnyMessage(const AnyMessage&) = delete;
    AnyMessage& operator=(const AnyMessage&) = delete;
    AnyMessage& operator=(AnyMessage&&) = delete;
    ~AnyMessage() {
        if (message_ != nullptr) {
            schema_->destroy(message_);
        }
    }

    [[nodiscard]] const void* get() const { return message_; }

    void randomize(protocol::Version version, protocol::RandomSource& random) {
        protocol::random_fields(*schema_, message_, version, random);
    }
    /// Reads a message at the begin of `in`.
    Result<void> read_some(Bytes in, protocol::Version version, std::size_t& used) {
        return protocol::read_fields(*schema_, message_, in, version, used);
    }
    /// Reads all of `in`.
    Result<void> read(Bytes in, protocol::Version version) {
        std::size_t used = 0;
        auto done = read_some(in, version, used);
        if (done && used != in.size()) {
            return Error{Errc::corrupt, "bytes behind the message"};
        }
        return done;
    }
    Result<void> write(protocol::Version version, protocol::Output& out) const {
        return protocol::write_fields(*schema_, message_, version, out);
    }
    [[nodiscard]] Result<std::size_t> measure(protocol::Version version) const {
        return protocol::measure_fields(*schema_, message_, version);
    }
    [[nodiscard]] std::string json(protocol::Version version) const {
        ByteBuffer out;
        protocol::json_fields(*schema_, message_, version, out);
        return std::string(out.text());
    }

  private:
    const protocol::Schema* schema_;
    void* message_;
};

/// The schemas of every message that there is.
inline std::vector<const protocol::Schema*> all_schemas() {
    std::vector<const protocol::Schema*> all{&protocol::RequestHeader::kSchema,
                                             &protocol::ResponseHeader::kSchema,
                                             &protocol::OffsetCommitKey::kSchema,
                                             &protocol::OffsetCommitValue::kSchema,
                                             &protocol::GroupMetadataKey::kSchema,
                                             &protocol::GroupMetadataValue::kSchema,
                                             &protocol::TransactionLogKey::kSchema,
                                             &protocol::TransactionLogValue::kSchema,
                                             &protocol::ConsumerProtocolSubscription::kSchema,
                                             &protocol::ConsumerProtocolAssignment::kSchema};
    for (const protocol::Api& api : protocol::apis()) {
        all.push_back(api.request);
        all.push_back(api.response);
    }
    return all;
}

/// The schema of this name; nullptr where there is none.
inline const protocol::Schema* schema_of(std::string_view name) {
    for (const protocol::Schema* const schema : all_schemas()) {
        if (schema->name == name) {
            return schema;
        }
    }
    return nullptr;
}

}  // namespace kseg::test
