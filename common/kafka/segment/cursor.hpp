// SPDX-License-Identifier: Apache-2.0
// Walks a segment from batch to batch, and over damage to the next good one.
// What counts as damage: man/kseg-segment.5, DAMAGE.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/window.hpp"
#include "kafka/record/batch.hpp"

namespace kseg::segment {

/// Why bytes are not a batch.
enum class GapReason : std::uint8_t {
    torn_tail,   ///< the file ends inside a batch
    zero_fill,   ///< nothing but zeros
    bad_length,  ///< a length that cannot be, or that leads to no batch
    bad_magic,   ///< what would be a batch, were its magic known
    garbage,     ///< nothing there looks like a batch
};

/// "torn_tail" and so on.
std::string_view to_string(GapReason reason);

/// What a gap's description calls what should be there. Files that are not segments have words of their own.
struct GapWords {
    std::string_view unit;
    std::string_view magic;  ///< and which are known
};
inline constexpr GapWords kSegmentWords{.unit = "batch", .magic = "batch magic; expected 0x00 to 0x02"};

enum class Outcome : std::uint8_t { batch, end, torn_tail, gap };

/// One step of a walk. A batch borrows from the cursor's piece().
struct Item {
    Outcome outcome = Outcome::end;
    FileOffset position;
    std::uint64_t size = 0;                 ///< bytes of the batch, torn tail or gap
    record::BatchView batch{};              ///< of a batch
    bool crc_valid = false;                 ///< of a batch: stored CRC and computed CRC are equal
    std::uint32_t crc_computed = 0;         ///< of a batch
    GapReason reason = GapReason::garbage;  ///< of a torn tail or gap
    /// Of a torn tail or gap: what stands where a length and a magic would be, if there are bytes enough.
    std::optional<std::int64_t> length_found{};
    std::optional<std::int8_t> magic_found{};
    std::uint32_t length_excludes = record::kLengthFieldEnd;  ///< bytes before those that the length counts
    const GapWords* words = &kSegmentWords;

    /// What was expected and what was found in a torn tail or gap, in words.
    [[nodiscard]] std::string describe_gap() const;
};

struct CursorOptions {
    /// A batch larger than this counts as a bad length; it bounds the cursor's memory.
    std::uint64_t max_batch_bytes = std::uint64_t{1} << 30;
};

/// Reads on in one pass. A batch is of a known magic. One whose CRC is wrong is still a batch as long as its length leads
/// on: to another batch, to zeros or to the end. Otherwise it begins a gap, which ends at the next place where magic is
/// known, the length fits and the CRC matches. Memory: a few pieces of the window, or one batch where that is larger.
class SegmentCursor {
  public:
    /// Borrows the window, whose first byte is at `start`.
    SegmentCursor(io::Window& window, FileOffset start, CursorOptions options = {});

    /// The next batch, gap or torn tail; Outcome::end at the end and ever after.
    /// errors   io, cancelled: those of the source. Damage is not an error.
    Result<Item> next();

    /// Keeps what the last item borrows.
    [[nodiscard]] io::Piece piece() const { return window_.piece(); }
    /// Where the next item begins.
    [[nodiscard]] FileOffset position() const { return pos_; }

  private:
    struct Frame;
    class RangeCrc;
    Result<std::optional<Item>> batch_at(FileOffset at, Bytes first);
    Result<Item> gap_from(FileOffset at, Bytes head);
    Result<bool> length_leads(FileOffset at, std::size_t size);
    Result<std::optional<FileOffset>> find_valid(FileOffset from, FileOffset before, FileOffset keep, RangeCrc& crcs,
                                                 bool* nonzero);
    Result<bool> valid_at(FileOffset at, const Frame& frame, FileOffset keep, RangeCrc& crcs);
    Item gap_item(FileOffset from, FileOffset to, GapReason reason, Bytes head);
    Item batch_item(const record::BatchView& batch, bool valid, std::uint32_t computed);
    [[nodiscard]] std::uint64_t search_limit() const;

    io::Window& window_;
    FileOffset pos_;
    CursorOptions options_;
    std::uint64_t largest_good_ = 0;
};

}  // namespace kseg::segment
