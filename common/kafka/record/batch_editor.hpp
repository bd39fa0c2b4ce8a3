// SPDX-License-Identifier: Apache-2.0
// Batches written anew with some of their fields changed. What nobody asks to change keeps its bytes.
// Layout: man/kseg-segment.5, RECORD BATCH and MESSAGE SET. Source: KIP-98, KIP-31, Kafka 4.1.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/codec/codec.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/builder.hpp"
#include "kafka/record/record.hpp"

namespace kseg::record {

struct BatchEdits {
    /// Counts, deltas, lengths and max timestamp as they follow from the records. A batch that is so already stays as it
    /// is, compressed body included. Of magic 0 and 1 only the timestamp of a compressed message follows from anything.
    bool canonical = false;
    /// Body compressed by this; control batches are left alone, as Kafka never compresses them. A message set changes
    /// within its magic: a compressed message becomes as many plain ones, and a plain one a compressed one of its own.
    std::optional<codec::Codec> codec{};
    /// Magic 2 only; the others have none.
    std::optional<std::int32_t> leader_epoch{};

    [[nodiscard]] bool any() const { return canonical || codec || leader_epoch; }
};

class BatchEditor {
  public:
    /// limit_bytes   most bytes that a compressed body may come to
    explicit BatchEditor(const BatchEdits& edits, std::size_t limit_bytes = std::size_t{1} << 30)
        : edits_(edits), reader_(limit_bytes) {}

    /// Appends the edited batch to `out` and returns true, or returns false where the edits leave it as it is.
    /// batch         its CRC is right
    /// offset_shift  what is added to its offsets
    /// errors   corrupt      the body has a problem that the edits do not mend
    ///          unsupported  zstd in magic 0 or 1, which Kafka does not know
    ///          invalid      offsets leave their range
    ///          too_large    the new batch does not fit its length field
    /// After an error `out` is as it was.
    Result<bool> edit(const BatchView& batch, std::int64_t offset_shift, ByteBuffer& out);

    /// Changes only what lies outside the CRC, base offset and leader epoch, of a batch that is not good; appends it.
    Result<bool> edit_frame(const BatchView& batch, std::int64_t offset_shift, ByteBuffer& out) const;

    /// Offset of the first record of a batch, found inside where it is a compressed message.
    std::int64_t base_offset_of(const BatchView& batch);

  private:
    Result<bool> edit_body(const BatchView& batch, ByteBuffer& out);
    Result<void> read_records(const BatchView& batch);

    BatchEdits edits_;
    RecordReader reader_;
    BatchBuilder builder_;
    ByteBuffer plain_;
};

}  // namespace kseg::record
