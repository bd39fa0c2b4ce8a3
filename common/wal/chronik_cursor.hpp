// SPDX-License-Identifier: Apache-2.0
// Walks a Chronik WAL file as segment::SegmentCursor walks a segment: the batches of one record after another, and over
// damage to the next record. Layout, and what counts as damage: man/kseg-segment.5, CHRONIK WAL.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/segment/log_dir.hpp"
#include "wal/chronik_batches.hpp"
#include "wal/chronik_record.hpp"

namespace kseg::wal {

struct ChronikCursorOptions {
    /// A record larger than this counts as a bad length, and so does a body that decompresses to more; it bounds memory.
    std::uint64_t max_batch_bytes = std::uint64_t{1} << 30;
    /// Bytes that batches are gathered in, so that a caller may keep many of them by keeping one piece.
    std::size_t piece_bytes = std::size_t{1} << 20;
};

/// Reads on in one pass. A record is whole where its frame is plausible and its content parses to the last byte; its CRC is
/// reported, not trusted. Else a gap begins there, which ends at the next whole record, or where its own length leads to
/// one. Memory: a few pieces of the window, or one record and its batches where they are larger.
class ChronikCursor {
  public:
    /// Borrows the window, whose first byte is at `start`.
    ChronikCursor(io::Window& window, FileOffset start, ChronikCursorOptions options = {});

    /// The next batch, gap or torn tail; Outcome::end at the end and ever after. The position of a batch is that of its
    /// record in the file, its size is its own. It borrows from piece().
    /// errors   io, cancelled: those of the source. Damage is not an error.
    Result<segment::Item> next();

    /// Keeps what the last item borrows.
    [[nodiscard]] io::Piece piece() const { return piece_; }
    /// Where the next record or gap begins.
    [[nodiscard]] FileOffset position() const { return pos_; }
    /// The partition that the last batch is of; nothing where its record is of version 1, which does not say.
    [[nodiscard]] const std::optional<segment::PartitionName>& partition() const { return partition_; }
    /// What is wrong with the record of the last item, in words; given with its first batch.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  private:
    Result<ChronikFrame> frame_at(FileOffset keep, FileOffset at);
    Result<std::optional<ChronikRecord>> record_at(FileOffset keep, FileOffset at, std::uint64_t most_bytes,
                                                   std::uint64_t& size);
    Result<segment::Item> give(const ChronikRecord& record, FileOffset at, std::uint64_t size);
    Result<segment::Item> gap_from(FileOffset at, const ChronikFrame& frame, bool begins_with_zero);
    Result<std::optional<FileOffset>> find_record(FileOffset from, bool& nonzero);
    Result<FileOffset> end_of_gap(FileOffset found, FileOffset claimed);
    [[nodiscard]] std::uint64_t search_limit(FileOffset at) const;

    io::Window& window_;
    FileOffset start_;
    FileOffset pos_;
    ChronikCursorOptions options_;
    std::uint64_t largest_good_ = 0;
    std::uint64_t work_ = 0;  // that searches have done
    ChronikBatches batches_;
    std::shared_ptr<ByteBuffer> piece_;  // never grows beyond what was reserved, so that views into it stay
    std::vector<segment::Item> pending_;
    std::size_t given_ = 0;  // of pending_
    std::optional<segment::PartitionName> partition_;
    std::vector<std::string> warnings_;
};

}  // namespace kseg::wal
