// SPDX-License-Identifier: Apache-2.0
// Stretches of a segment that are no batch, and why. What the reasons mean: man/kseg-segment.5, DAMAGE.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

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

/// Why the bytes from `head` on are no batch.
/// head        the first of them, as many as there are up to a header
/// gap_bytes   how many there are
/// at_end      whether the file ends with them
/// nonzero     whether any of them is not zero
GapReason reason_of(Bytes head, std::uint64_t gap_bytes, bool at_end, bool nonzero);

/// Whether all bytes are zero.
bool all_zero(Bytes bytes);

}  // namespace kseg::segment
