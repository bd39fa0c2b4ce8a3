// SPDX-License-Identifier: Apache-2.0
// Where the coordinator keeps what must outlive the process: the records of __consumer_offsets. The broker has it over a
// partition; tests have it in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::broker {

/// A record of __consumer_offsets; without a value a tombstone.
struct OffsetsRecord {
    ByteBuffer key{};
    std::optional<ByteBuffer> value{};
};

/// Records that are appended together: all or none of them are there after a restart.
struct OffsetsBatch {
    std::vector<OffsetsRecord> records{};
    /// Those of a transaction; -1 where the batch belongs to none.
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
};

class OffsetsLog {
  public:
    using OnDurable = std::function<void(Result<void>)>;

    /// What replay() tells, in the order of the log.
    class Visitor {
      public:
        Visitor() = default;
        Visitor(const Visitor&) = delete;
        Visitor& operator=(const Visitor&) = delete;
        virtual ~Visitor() = default;

        /// offset       of the record in its partition
        /// producer_id  of the transaction that the record belongs to; -1 where it belongs to none
        /// value        null for a tombstone. Key and value are borrowed for the call.
        virtual void on_record(std::int64_t offset, std::int64_t producer_id, Bytes key, NullableBytes value) = 0;
        /// A control batch that ends the producer's transaction.
        virtual void on_transaction_end(std::int64_t producer_id, bool is_commit) = 0;
    };

    OffsetsLog() = default;
    OffsetsLog(const OffsetsLog&) = delete;
    OffsetsLog& operator=(const OffsetsLog&) = delete;
    virtual ~OffsetsLog() = default;

    /// Appends to the partition of the group, which is partition_of_group() of its name.
    /// on_durable  runs once, by the thread of the coordinator, when the batch is as durable as the sync policy asks for,
    ///             in the order of the appends; during append() already where it asks for nothing. An error in it means
    ///             that the log has failed for good.
    /// returns     the offset of the first record
    /// errors      too_large  the log takes no batch of this size
    ///             others     the log does not take it; after any error nothing was appended and on_durable never runs
    virtual Result<std::int64_t> append(std::string_view group, OffsetsBatch batch, OnDurable on_durable) = 0;

    /// Shows every record that is there, before the first append.
    virtual Result<void> replay(Visitor& visitor) = 0;
};

/// The partition of `count` that a group belongs to: Java's hash of the name, as Kafka takes it.
std::int32_t partition_of_group(std::string_view group, std::int32_t count);

}  // namespace kseg::broker
