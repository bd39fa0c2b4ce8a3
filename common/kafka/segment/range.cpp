// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/range.hpp"

#include <algorithm>
#include <filesystem>

#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/segment/side_files.hpp"

namespace kseg::segment {
namespace {

// Kafka's own limit of an index file is 10 MiB by default; an index above this is not read.
constexpr std::uint64_t kIndexBytes = std::uint64_t{256} << 20;

/// Entries of an index file, or nothing where it does not make sense throughout.
template <typename Entry>
std::vector<Entry> sound(IndexFile<Entry> file) {
    return file.damage ? std::vector<Entry>{} : std::move(file.entries);
}

ByteBuffer read_beside(const std::string& log_path, const char* extension) {
    auto bytes = io::read_small_file(std::filesystem::path(log_path).replace_extension(extension).string(), kIndexBytes);
    return bytes ? *std::move(bytes) : ByteBuffer();
}

/// Calls `judge` with the good batches from `start` on until it says true or false. Nothing where they end, or the first
/// bytes are no good batch.
template <typename Judge>
bool confirmed(const io::ReadAt& log, FileOffset start, Judge&& judge) {
    const auto source = io::source_of(log, start.value);
    io::Window window(*source, start, std::size_t{64} << 10);
    SegmentCursor cursor(window, start);
    for (;;) {
        const auto item = cursor.next();
        if (!item || item->outcome != Outcome::batch || !item->crc_valid) {
            return false;
        }
        if (const std::optional<bool> verdict = judge(item->batch.header())) {
            return *verdict;
        }
    }
}

/// Position of the last entry whose offset is at most `offset`, or 0.
FileOffset position_before(const std::vector<OffsetIndexEntry>& index, std::int64_t offset) {
    const auto after = std::ranges::upper_bound(index, offset, {}, &OffsetIndexEntry::offset);
    return after == index.begin() ? FileOffset{} : FileOffset{std::prev(after)->position};
}

}  // namespace

SegmentPart part_of(const std::string& log_path, const io::ReadAt& log, std::int64_t base_offset,
                    const RecordRange& range) {
    if (range.everything()) {
        return {};
    }
    const ByteBuffer offsets = read_beside(log_path, ".index");
    const ByteBuffer times = range.since ? read_beside(log_path, ".timeindex") : ByteBuffer();
    return part_of(offsets.bytes(), times.bytes(), log, base_offset, range);
}

SegmentPart part_of(Bytes offset_index, Bytes time_index, const io::ReadAt& log, std::int64_t base_offset,
                    const RecordRange& range) {
    SegmentPart part;
    if (range.everything()) {
        return part;
    }
    const auto index = sound(parse_offset_index(offset_index, base_offset));
    std::int64_t from = range.first_offset.value_or(base_offset);
    FileOffset start = position_before(index, from);
    if (start.value != 0 &&
        !confirmed(log, start, [from](const record::BatchHeader& h) { return std::optional(h.base_offset <= from); })) {
        return part;
    }
    part.start = start;
    if (range.since) {
        const auto times = sound(parse_time_index(time_index, base_offset));
        const auto at = std::ranges::lower_bound(times, *range.since, {}, &TimeIndexEntry::timestamp);
        if (at != times.begin() && std::prev(at)->offset > from) {
            // Everything up to this entry's offset is older than asked for; the log must agree that the entry is one of
            // its.
            const TimeIndexEntry entry = *std::prev(at);
            start = position_before(index, entry.offset);
            const auto holds_entry = [&](const record::BatchHeader& h) -> std::optional<bool> {
                if (h.last_offset() < entry.offset) {
                    return std::nullopt;
                }
                return h.base_offset <= entry.offset && h.max_timestamp == entry.timestamp;
            };
            if (start > part.start && confirmed(log, start, holds_entry)) {
                part.start = start;
            }
        }
    }
    if (range.end_offset) {
        const auto last = std::ranges::lower_bound(index, *range.end_offset - 1, {}, &OffsetIndexEntry::offset);
        if (last != index.end()) {
            part.stop_at = FileOffset{last->position};
            part.stop_offset = *range.end_offset - 1;
        }
    }
    return part;
}

}  // namespace kseg::segment
