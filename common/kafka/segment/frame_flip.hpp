// SPDX-License-Identifier: Apache-2.0
// One flipped bit in the length or the magic of a batch: what decides which bytes are the batch, and how they are read.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/units.hpp"
#include "kafka/segment/judge.hpp"
#include "kafka/segment/range_crc.hpp"

namespace kseg::segment {

class FrameFlipFinder {
  public:
    /// Borrows the judge.
    explicit FrameFlipFinder(Judge& judge) : judge_(judge) {}

    /// The batch that begins `bytes` once one bit of its length or magic is flipped: its CRC is then right and its body
    /// parses. Of 40 bits tried by 32 bits of CRC, chance explains less than one in 100 million.
    /// at       file offset of bytes[0]
    /// bytes    as far as a batch may reach
    /// mended   gets the whole batch, flipped back
    /// returns  the bit, as 8 x byte + bit; nothing where no flip does it
    /// Calls with rising `at` take time in proportion to the file, however many there are.
    std::optional<std::uint64_t> find(FileOffset at, Bytes bytes, ByteBuffer& mended);

  private:
    bool fits(FileOffset at, Bytes bytes, std::uint64_t bit);

    Judge& judge_;
    RangeCrc crcs_;
};

}  // namespace kseg::segment
