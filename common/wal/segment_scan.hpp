// SPDX-License-Identifier: Apache-2.0
// Reads a segment as recovery does: which batches are good, which bytes are not, and whether anything good follows those.
// What counts as damage: man/kseg-segment.5, DAMAGE.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"
#include "kafka/record/batch.hpp"

namespace kseg::wal {

/// Bytes that are no good batch.
struct BadRange {
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    std::string what{};
    std::int64_t expected_offset = 0;  ///< behind the good batch before it
    bool is_order = false;             ///< the CRC is right, but the offset does not rise: no interrupted write leaves that
};

struct SegmentScan {
    std::uint64_t size = 0;      ///< where reading ended
    std::uint64_t good_end = 0;  ///< behind the last good batch
    std::int64_t end_offset = 0;
    std::vector<BadRange> bad{};

    /// Whether what is bad is all behind the last good batch, as after an interrupted write.
    [[nodiscard]] bool only_tail_is_bad() const;
};

/// Called for every good batch.
using BatchVisitor = std::function<Result<void>(const record::BatchView&)>;

/// Reads from position `start` to the end. Offsets must rise from `least_offset` on and stay below `before_offset`.
/// errors   io, and those of `visit`
Result<SegmentScan> scan_segment(const io::ReadAt& log, std::uint64_t start, std::int64_t least_offset,
                                 std::int64_t before_offset, const BatchVisitor& visit);

}  // namespace kseg::wal
