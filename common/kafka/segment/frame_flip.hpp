// SPDX-License-Identifier: Apache-2.0
// One flipped bit in the length or the magic of a batch: what decides which bytes are the batch, and how they are read.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "io/window.hpp"
#include "kafka/segment/judge.hpp"
#include "kafka/segment/range_crc.hpp"

namespace kseg::segment {

class FrameFlipFinder {
  public:
    /// Borrows both.
    FrameFlipFinder(io::Window& window, Judge& judge) : window_(window), judge_(judge) {}

    /// The batch that stands at `at` once one bit of its length or magic is flipped: its CRC is then right and its body
    /// parses. Of 40 bits tried by 32 bits of CRC, chance explains less than one in 100 million.
    /// most_bytes   larger batches are not looked for
    /// mended       gets the whole batch, flipped back
    /// returns      the bit, as 8 x byte + bit; nothing where no flip does it
    /// errors       those of the window's source
    /// Calls with rising `at` take time in proportion to the file, however many there are.
    Result<std::optional<std::uint64_t>> find(FileOffset at, std::uint64_t most_bytes, ByteBuffer& mended);

  private:
    bool fits(FileOffset at, Bytes bytes, std::uint64_t bit, std::uint64_t most_bytes);

    io::Window& window_;
    Judge& judge_;
    RangeCrc crcs_;
};

}  // namespace kseg::segment
