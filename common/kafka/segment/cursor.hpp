// SPDX-License-Identifier: Apache-2.0
// Walks a segment from batch to batch, and over damage to the next good one.
// What counts as damage: man/kseg-segment.5, DAMAGE.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/window.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/segment/frame.hpp"
#include "kafka/segment/gap.hpp"
#include "kafka/segment/range_crc.hpp"

namespace kseg::segment {

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

/// Good batches back to back. Borrows as an Item does.
struct GoodRun {
    FileOffset position;
    Bytes bytes{};
    std::uint64_t batches = 0;
};

/// Gets the bytes of a gap one run after another, each valid during the call.
using PassedBytes = std::function<void(Bytes)>;

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

    // What next() is made of, for walks that judge for themselves what damage is.

    /// The good batches from here on, as many as are in memory; empty where none begins here. What is not batch by batch of
    /// interest is passed over at the speed of the CRC.
    Result<GoodRun> next_run();
    /// The batch that begins here, good or bad, or the gap of a batch whose magic is unknown and whose length leads on;
    /// Outcome::end at the end. Nothing where a gap begins here whose end has to be searched.
    Result<std::optional<Item>> next_batch();
    /// The gap or torn tail that begins here; `passed` gets its bytes.
    Result<Item> next_gap(const PassedBytes& passed = {});
    /// Goes on at `at`, which is not before the last item and not behind what was read of the window for it.
    void resume_at(FileOffset at) { pos_ = at; }
    /// Whether a good batch begins within the `size` bytes at `at`, behind the first: then those are not one batch. Keeps
    /// the window at `at`.
    Result<bool> hides_good_batch(FileOffset at, std::uint64_t size);
    /// A batch of this size or less could stand in the damage: what the search believes.
    [[nodiscard]] std::uint64_t search_limit() const;

    /// Keeps what the last item borrows.
    [[nodiscard]] io::Piece piece() const { return window_.piece(); }
    /// Where the next item begins.
    [[nodiscard]] FileOffset position() const { return pos_; }

  private:
    Result<std::optional<Item>> batch_at(FileOffset at, Bytes first);
    Result<Item> gap_from(FileOffset at, Bytes head, const PassedBytes& passed);
    Result<bool> length_leads(FileOffset at, std::size_t size);
    Result<bool> end_leads(FileOffset at, std::size_t size);
    Result<std::optional<FileOffset>> find_valid(FileOffset from, FileOffset before, FileOffset keep, RangeCrc& crcs,
                                                 const PassedBytes& passed);
    Result<bool> valid_at(FileOffset at, const Frame& frame, FileOffset keep, RangeCrc& crcs);
    Item gap_item(FileOffset from, FileOffset to, GapReason reason, Bytes head);
    Item batch_item(const record::BatchView& batch, bool valid, std::uint32_t computed);

    io::Window& window_;
    FileOffset pos_;
    CursorOptions options_;
    std::uint64_t largest_good_ = 0;
};

}  // namespace kseg::segment
