// SPDX-License-Identifier: Apache-2.0
#include "wal/index_resume.hpp"

#include <algorithm>

#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"

namespace kseg::wal {
namespace {

constexpr std::size_t kOffsetEntryBytes = 4 + 4;
constexpr std::size_t kTimeEntryBytes = 8 + 4;
constexpr std::size_t kSmallPiece = std::size_t{64} << 10;

/// The header of the good batch that begins at `at`.
std::optional<record::BatchHeader> good_batch_at(const io::ReadAt& log, FileOffset at) {
    const auto source = io::source_of(log, at.value);
    io::Window window(*source, at, kSmallPiece);
    segment::SegmentCursor cursor(window, at);
    const auto item = cursor.next();
    return item && item->outcome == segment::Outcome::batch && item->crc_valid ? std::optional(item->batch.header())
                                                                               : std::nullopt;
}

}  // namespace

std::optional<Resume> resume_from(Bytes offset_index, Bytes time_index, const io::ReadAt& log, std::int64_t base_offset,
                                  std::int64_t offset) {
    // Entries behind damage are not looked at: after a crash the end of an index is often torn.
    const auto offsets = segment::parse_offset_index(offset_index, base_offset);
    const auto times = segment::parse_time_index(time_index, base_offset);
    const auto after = std::ranges::lower_bound(offsets.entries, offset, {}, &segment::OffsetIndexEntry::offset);
    if (after == offsets.entries.begin()) {
        return std::nullopt;
    }
    const segment::OffsetIndexEntry entry = *std::prev(after);
    const auto header = good_batch_at(log, FileOffset{entry.position});
    if (!header || header->last_offset() != entry.offset) {
        return std::nullopt;
    }
    const auto later = std::ranges::upper_bound(times.entries, entry.offset, {}, &segment::TimeIndexEntry::offset);
    Resume resume{.position = entry.position,
                  .offset_bytes = static_cast<std::size_t>(after - offsets.entries.begin()) * kOffsetEntryBytes,
                  .time_bytes = static_cast<std::size_t>(later - times.entries.begin()) * kTimeEntryBytes,
                  .largest = {.timestamp = -1, .offset = base_offset}};
    if (later != times.entries.begin()) {
        resume.largest = *std::prev(later);
    }
    return header->max_timestamp <= resume.largest.timestamp ? std::optional(resume) : std::nullopt;
}

IndexCheck::IndexCheck(Bytes offset_index, Bytes time_index, std::int64_t base_offset)
    : offsets_(segment::parse_offset_index(offset_index, base_offset)),
      times_(segment::parse_time_index(time_index, base_offset)) {}

void IndexCheck::see(const record::BatchView& batch) {
    if (next_ == offsets_.entries.size() || offsets_.entries[next_].position > batch.position().value) {
        return;
    }
    const segment::OffsetIndexEntry& entry = offsets_.entries[next_++];
    fits_ = fits_ && entry.position == batch.position().value && entry.offset == batch.header().last_offset();
}

bool IndexCheck::offsets_fit(const segment::IndexBuilder& made) const {
    return offsets_are_true() && offsets_.entries.empty() == made.offset_index().empty();
}

bool IndexCheck::times_fit(const segment::IndexBuilder& made) const {
    if (times_.damage) {
        return false;
    }
    const segment::TimeIndexEntry largest = made.largest();
    return times_.entries.empty() ? largest.timestamp < 0 : times_.entries.back().timestamp == largest.timestamp;
}

}  // namespace kseg::wal
