// SPDX-License-Identifier: Apache-2.0
// Puts records that come one by one into batches for an append. How records are grouped is the batcher's to choose; what
// belongs to a batch as a whole (producer, transaction, kind of time) ends one where it changes.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "canonical/record_line.hpp"
#include "kafka/codec/codec.hpp"
#include "kafka/record/builder.hpp"

namespace kseg::wal {

struct BatcherOptions {
    codec::Codec codec = codec::Codec::none;
    std::uint64_t batch_bytes = std::uint64_t{64} << 10;  ///< a batch ends before it has more, counted uncompressed
    bool keep_offsets = false;                            ///< records keep theirs; otherwise they are numbered from 0
};

class Batcher {
  public:
    explicit Batcher(const BatcherOptions& options) : options_(options) {}

    /// Whether a record may join the batch that was begun, by size and by what a batch has in common. Always where none
    /// was.
    [[nodiscard]] bool joins(const canonical::RecordLine& line) const;
    [[nodiscard]] bool joins(std::size_t key_and_value_bytes) const;

    /// Adds a record of a record line. Where it does not join, take the batch first.
    /// now      the time of a record that has none
    /// errors   those of BatchBuilder::add();   invalid   offsets are kept and it has none, or no sequence where one is due
    Result<void> add(const canonical::RecordLine& line, TimestampMs now);
    /// Adds a record of a key and a value.
    Result<void> add(const NullableBytes& key, Bytes value, TimestampMs now);

    [[nodiscard]] bool empty() const { return count_ == 0; }
    /// Whether no further record may join.
    [[nodiscard]] bool full() const { return bytes_ >= options_.batch_bytes || common_.control; }

    /// Makes the batch and begins anew.
    /// errors   those of BatchBuilder::finish()
    Result<void> take(ByteBuffer& out);

  private:
    /// What all records of a batch have in common.
    struct Common {
        std::int64_t producer_id = -1;
        std::int16_t producer_epoch = -1;
        std::int32_t base_sequence = -1;
        bool transactional = false;
        bool control = false;
        bool log_append_time = false;
        TimestampMs append_time = -1;
    };

    void begin(const Common& common, std::int64_t base_offset);
    Result<void> put(const record::RecordView& record, std::span<const record::HeaderView> headers);
    [[nodiscard]] std::int64_t offset_of(const canonical::RecordLine& line) const;

    BatcherOptions options_;
    record::BatchBuilder builder_;
    Common common_;
    std::int64_t base_offset_ = 0;
    std::int64_t last_offset_ = -1;
    std::int64_t count_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace kseg::wal
