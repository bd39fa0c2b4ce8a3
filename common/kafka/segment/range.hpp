// SPDX-License-Identifier: Apache-2.0
// Which part of a segment file a range of offsets or times needs, by the index files beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/units.hpp"
#include "io/file.hpp"

namespace kseg::segment {

/// What is asked for; each bound may be missing.
struct RecordRange {
    std::optional<std::int64_t> first_offset{};
    std::optional<std::int64_t> end_offset{};  ///< exclusive
    std::optional<TimestampMs> since{};
    std::optional<TimestampMs> until{};  ///< exclusive

    [[nodiscard]] bool has_offset(std::int64_t offset) const {
        return (!first_offset || offset >= *first_offset) && (!end_offset || offset < *end_offset);
    }
    [[nodiscard]] bool has_time(TimestampMs time) const { return (!since || time >= *since) && (!until || time < *until); }
    [[nodiscard]] bool by_time() const { return since.has_value() || until.has_value(); }
    [[nodiscard]] bool everything() const { return !first_offset && !end_offset && !by_time(); }
};

/// A part of a segment: begin at `start`; a good batch at or behind `stop_at` whose last offset is `stop_offset` or more
/// is the last that is needed.
struct SegmentPart {
    FileOffset start{};
    std::optional<FileOffset> stop_at{};
    std::int64_t stop_offset = 0;
};

/// The part of a segment that holds all of `range`. An index file that is missing, damaged or contradicted by the log is
/// passed over, as are times above: records need not be ordered by time, so only `since` narrows, by the time index's
/// "largest so far". Nothing is read but the index files and the batch that the part begins with.
SegmentPart part_of(const std::string& log_path, const io::ReadAt& log, std::int64_t base_offset, const RecordRange& range);

/// The same with the bytes of the index files at hand; empty where there is none.
SegmentPart part_of(Bytes offset_index, Bytes time_index, const io::ReadAt& log, std::int64_t base_offset,
                    const RecordRange& range);

}  // namespace kseg::segment
