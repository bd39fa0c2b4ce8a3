// SPDX-License-Identifier: Apache-2.0
// CRCs of many overlapping ranges of a stream at the cost of one pass: what keeps the search for the next good batch
// linear, however many lengths in the damaged bytes claim to reach far ahead.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "base/bytes.hpp"
#include "base/crc.hpp"
#include "base/units.hpp"

namespace kseg::segment {

/// Remembers the CRC from a starting point to each multiple of 4 KiB; a range's CRC is cut out of those.
class PrefixCrc {
  public:
    explicit PrefixCrc(CrcKind kind) : kind_(kind) {}

    /// CRC of `bytes`, which stand at `at` in the stream. Fast for ranges whose beginnings rise.
    std::uint32_t of(FileOffset at, Bytes bytes);

  private:
    static constexpr std::uint64_t kStep = 4096;

    CrcKind kind_;
    FileOffset first_{};               // file offset of marks_.front()
    std::deque<std::uint32_t> marks_;  // CRC from an origin to first_ + k * kStep
};

/// The same for both kinds of CRC, each over ranges whose beginnings rise.
class RangeCrc {
  public:
    std::uint32_t of(CrcKind kind, FileOffset at, Bytes bytes) {
        return (kind == CrcKind::crc32c ? crc32c_ : ieee_).of(at, bytes);
    }

  private:
    PrefixCrc crc32c_{CrcKind::crc32c};
    PrefixCrc ieee_{CrcKind::crc32_ieee};
};

}  // namespace kseg::segment
