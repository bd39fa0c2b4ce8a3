// SPDX-License-Identifier: Apache-2.0
#include "wal/unwritten.hpp"

#include <algorithm>
#include <array>

#include "kafka/record/batch.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::wal {
namespace {

constexpr std::size_t kSectorBytes = 512;  // the least that disks write as one
constexpr std::size_t kOffsetBytes = 8;    // base_offset, at a batch's beginning

bool all_zero(Bytes bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

/// Whether zeros at the beginning of a batch that should have this base offset tell anything: its length, which follows,
/// is never zero, and the offset's own bytes often are.
bool head_tells(std::size_t zeros, std::int64_t base_offset) {
    std::array<std::byte, kOffsetBytes> expected{};
    wire::store_big(expected.data(), base_offset);
    return zeros >= record::kLengthFieldEnd || !all_zero(Bytes(expected).first(std::min(zeros, kOffsetBytes)));
}

}  // namespace

Result<bool> looks_unwritten(const io::ReadAt& log, const BadRange& range) {
    std::array<std::byte, kSectorBytes> buffer{};
    const std::uint64_t end = range.at + range.size;
    for (std::uint64_t at = range.at; at < end;) {
        const std::uint64_t sector_end = (at / kSectorBytes + 1) * kSectorBytes;
        const auto got = log.read_at(at, std::span(buffer).first(sector_end - at));
        if (!got) {
            return got.error();
        }
        if (*got == 0) {
            break;
        }
        if (all_zero(Bytes(buffer).first(*got)) && (at != range.at || head_tells(*got, range.expected_offset))) {
            return true;
        }
        at = sector_end;
    }
    return false;
}

}  // namespace kseg::wal
