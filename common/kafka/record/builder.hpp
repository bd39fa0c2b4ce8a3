// SPDX-License-Identifier: Apache-2.0
// Writes record batches of magic 2. Layout: man/kseg-segment.5, RECORD BATCH. Source: KIP-98, Kafka 4.1.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/codec/codec.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"

namespace kseg::record {

/// Appends the 61 header bytes of a batch of magic 2 with these fields, length and CRC still to come: append the body in
/// the form that the attributes name, then call end_batch().
void begin_batch(const BatchHeader& header, ByteBuffer& out);

/// Sets length and CRC of the batch that stands in `out` from `begin` to the end.
/// errors   too_large   it does not fit its length field; `out` ends at `begin` then
Result<void> end_batch(std::size_t begin, ByteBuffer& out);

/// Builds one batch after another. Deterministic: the same records under the same header give the same bytes.
class BatchBuilder {
  public:
    /// Begins a batch with the fields that records do not decide: base_offset, leader epoch, attributes (unknown bits too),
    /// producer fields, and, where it is larger than the last record's, last_offset_delta. Under log append time
    /// max_timestamp is taken from here; with a delete horizon base_timestamp is.
    void begin(const BatchHeader& header);

    /// Adds a record. Its offset and stored_timestamp are absolute; sequence and timestamp follow from the batch.
    /// errors   invalid   the offset does not rise, or its delta or a length does not fit the format
    Result<void> add(const RecordView& record);

    /// The same with headers that are not in encoded form.
    Result<void> add(const RecordView& record, std::span<const HeaderView> headers);

    [[nodiscard]] std::int32_t count() const { return header_.records_count; }

    /// Appends the batch to `out`, body compressed by the codec in the attributes, lengths, counts, max timestamp and CRC
    /// computed.
    /// errors   too_large     the batch would not fit its length field;   unsupported   the attributes name no codec
    Result<void> finish(ByteBuffer& out, const codec::CompressOptions& options = {});

  private:
    Result<void> add_fields(const RecordView& record, std::int32_t header_count);
    void close_record();

    BatchHeader header_;
    bool base_timestamp_set_ = false;
    std::int64_t last_delta_ = -1;
    std::int64_t largest_timestamp_ = -1;
    ByteBuffer body_;
    ByteBuffer record_;
};

}  // namespace kseg::record
