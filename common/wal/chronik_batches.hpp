// SPDX-License-Identifier: Apache-2.0
// From a Chronik record to record batches: the bytes as they came off the wire where it kept them, else built from its
// fields. What is taken from where: man/kseg-segment.5, CHRONIK WAL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/builder.hpp"
#include "kafka/record/record.hpp"
#include "wal/chronik_record.hpp"

namespace kseg::wal {

/// Makes the batches of one record after another; keeps its scratch.
class ChronikBatches {
  public:
    /// limit_bytes   most bytes that a compressed body may come to
    explicit ChronikBatches(std::size_t limit_bytes) : reader_(limit_bytes) {}

    /// Makes the batches of a record, at least one, with the offsets that were assigned to them. The CRC of a batch that
    /// came off the wire is not checked, and wrong where the record is damaged there.
    /// errors   too_large, unsupported, io: those of BatchBuilder
    Result<void> convert(const ChronikRecord& record);

    /// The batches of the last record, back to back, and where each of them ends.
    [[nodiscard]] Bytes bytes() const { return out_.bytes(); }
    [[nodiscard]] const std::vector<std::size_t>& ends() const { return ends_; }
    /// Hands over what bytes() says, which is gone then; ends() stays.
    [[nodiscard]] ByteBuffer take_bytes() { return std::exchange(out_, ByteBuffer{}); }
    /// What was found wrong with the last record, in words.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  private:
    struct Extent;

    bool is_wire(Bytes body);
    bool from_wire(Bytes wire, std::string_view name, bool is_last_resort, Result<void>& outcome);
    Extent extent_of(const record::BatchView& batch);
    Result<void> add_renumbered(const record::BatchView& batch, const Extent& extent);
    Result<void> add_upgraded(const record::BatchView& batch);
    bool from_body(const ChronikRecord& record, Bytes body);
    Result<void> from_entries(const ChronikRecord& record);
    void check_trailer(const ChronikTrailer& trailer);

    record::RecordReader reader_;
    record::BatchBuilder builder_;
    std::vector<record::BatchView> wire_;  // of the record being converted
    std::vector<record::HeaderView> headers_;
    ByteBuffer out_;
    std::vector<std::size_t> ends_;
    std::vector<std::string> warnings_;
    std::int64_t next_offset_ = 0;  // behind the last batch
    std::int64_t records_ = 0;      // in the batches so far
};

}  // namespace kseg::wal
