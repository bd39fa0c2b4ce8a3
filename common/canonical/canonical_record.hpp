// SPDX-License-Identifier: Apache-2.0
// One record batch with one owner of its bytes: every field is derived from the wire form, so an untouched batch is written
// as it came, and an edited one deterministically.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/codec/codec.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"

namespace kseg::canonical {

struct EditableHeader {
    ByteBuffer key;
    std::optional<ByteBuffer> value;
};

/// One record with its own copy of its bytes.
struct EditableRecord {
    std::int64_t offset = 0;
    std::int64_t stored_timestamp = -1;
    std::uint8_t attributes = 0;
    std::optional<ByteBuffer> key;
    std::optional<ByteBuffer> value;
    std::vector<EditableHeader> headers;
};

/// A batch taken apart. Lengths, deltas, counts, CRC and, under create time, max_timestamp are not here to be set: they
/// follow from the rest when it is put together.
struct EditableBatch {
    record::BatchHeader header;
    std::vector<EditableRecord> records;
};

class CanonicalRecord {
  public:
    /// Takes one whole batch of any known magic and keeps a copy of its bytes. The CRC is not checked.
    /// errors   those of BatchView::parse
    static Result<CanonicalRecord> from_wire(Bytes whole);

    /// Puts a batch of magic 2 together.
    /// errors   those of BatchBuilder
    static Result<CanonicalRecord> from_parts(const EditableBatch& parts, const codec::CompressOptions& options = {});

    /// The batch as it is written. Valid until the next change.
    [[nodiscard]] Bytes wire() const { return wire_.bytes(); }
    [[nodiscard]] const record::BatchHeader& header() const { return header_; }
    [[nodiscard]] record::BatchView view() const;

    /// Patch what the CRC of magic 2 does not cover; no other byte changes. The offset of magic 0 and 1 is that of the last
    /// inner message.
    void set_base_offset(std::int64_t base_offset);
    /// errors   unsupported   magic 0 and 1 have no leader epoch
    Result<void> set_leader_epoch(std::int32_t epoch);

    /// Takes the batch apart.
    /// limit_bytes   most bytes that a compressed body may come to
    /// errors   unsupported   magic 0 and 1;   corrupt   the body has a problem
    [[nodiscard]] Result<EditableBatch> parts(std::size_t limit_bytes = std::size_t{1} << 30) const;

  private:
    CanonicalRecord() = default;
    Result<void> adopt(ByteBuffer wire);

    ByteBuffer wire_;
    record::BatchHeader header_;  // of wire_, read again after every change
};

}  // namespace kseg::canonical
