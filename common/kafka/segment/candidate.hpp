// SPDX-License-Identifier: Apache-2.0
// What damaged bytes may have been: the batch that something explains, where the walk alone sees a bad batch or a gap.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/segment/frame_flip.hpp"
#include "kafka/segment/judge.hpp"
#include "kafka/segment/range_crc.hpp"

namespace kseg::segment {

/// A batch as it was found, or, where its length or magic was mended, as it is now; and what is to become of it.
struct Candidate {
    Item item;
    Judgement judgement;
};

class CandidateFinder {
  public:
    /// Borrows window and cursor, which stand at the place that is asked for.
    CandidateFinder(io::Window& window, SegmentCursor& cursor, std::size_t max_batch_bytes)
        : window_(window), cursor_(cursor), judge_(max_batch_bytes), flips_(judge_) {}

    /// The batch at `at` as its length states it, where a recipe other than a CRC of zero explains its CRC and it can be
    /// mended. That needs no look at what follows, which for a segment whose writer had it wrong throughout is most of the
    /// time.
    Result<std::optional<Candidate>> find_recipe(FileOffset at, ByteBuffer& mended);

    /// The batch at `at`.
    /// item     what SegmentCursor::next_batch() says is there: a batch whose CRC is wrong, a gap of known extent, or
    /// nothing mended   gets the whole batch where it is to be mended; a candidate may borrow from it, and otherwise
    /// borrows from
    ///          the window's piece of then or from `item`
    /// returns  nothing where a gap is a gap
    /// errors   those of the window's source
    /// Calls with rising `at` take time in proportion to the file.
    Result<std::optional<Candidate>> find(FileOffset at, const std::optional<Item>& item, ByteBuffer& mended);

  private:
    std::optional<Candidate> explained(FileOffset at, Bytes bytes, ByteBuffer& mended);
    std::optional<Candidate> stated(FileOffset at, Bytes bytes);
    std::vector<record::CrcCause> recipes_of(const Item& item);
    std::optional<Candidate> flipped(FileOffset at, Bytes bytes, ByteBuffer& mended);
    Result<std::optional<Candidate>> leading_to_explained(FileOffset at, ByteBuffer& mended);

    io::Window& window_;
    SegmentCursor& cursor_;
    Judge judge_;
    FrameFlipFinder flips_;
    RangeCrc crcs_;
};

}  // namespace kseg::segment
