// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/gap.hpp"

#include <algorithm>

#include "kafka/segment/frame.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::segment {
namespace {

// Fewer zeros than an offset field has do not tell a torn batch from a preallocated file's padding.
constexpr std::uint64_t kLeastZeroFill = 8;

/// Whether the bytes are ASCII text, as no batch begins: its offset would be above 2^61.
bool is_print(Bytes bytes) {
    return std::ranges::all_of(bytes,
                               [](std::byte b) { return (to_u8(b) >= 0x20 && to_u8(b) < 0x7f) || to_u8(b) == 0x0a; });
}

}  // namespace

GapReason reason_of(Bytes head, std::uint64_t gap_bytes, bool at_end, bool nonzero) {
    if (!nonzero && (!at_end || gap_bytes >= kLeastZeroFill)) {
        return GapReason::zero_fill;
    }
    if (head.size() < record::kFrameBytes) {
        return at_end && !is_print(head) ? GapReason::torn_tail : GapReason::garbage;
    }
    wire::Reader in(head);
    const std::int64_t offset = in.i64();
    const std::int64_t size = std::int64_t{in.i32()} + static_cast<std::int64_t>(record::kLengthFieldEnd);
    in.i32();
    const std::int8_t magic = in.i8();
    const bool fits = size >= least_size(magic) && static_cast<std::uint64_t>(size) <= gap_bytes;
    if (magic < 0 || magic > 2) {
        return fits && offset >= 0 ? GapReason::bad_magic : GapReason::garbage;
    }
    return at_end && offset >= 0 && size >= least_size(magic) && !fits ? GapReason::torn_tail : GapReason::bad_length;
}

std::string_view to_string(GapReason reason) {
    switch (reason) {
        case GapReason::torn_tail: return "torn_tail";
        case GapReason::zero_fill: return "zero_fill";
        case GapReason::bad_length: return "bad_length";
        case GapReason::bad_magic: return "bad_magic";
        case GapReason::garbage: return "garbage";
    }
    return "garbage";
}

bool all_zero(Bytes bytes) {
    std::byte any{};
    for (const std::byte b : bytes) {
        any |= b;
    }
    return any == std::byte{0};
}

}  // namespace kseg::segment
