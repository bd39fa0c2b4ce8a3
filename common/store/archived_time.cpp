// SPDX-License-Identifier: Apache-2.0
// Records of archives by their time: names and batch tables tell which batch to look into.
#include <algorithm>

#include "kafka/record/record.hpp"
#include "store/archived_log.hpp"
#include "store/router.hpp"

namespace kseg::store {
namespace {

struct Range {
    std::int64_t first = 0;
    std::int64_t end = kMaxRecordOffset;
};

Error damage_at(const OpenedArchive& opened, const index::BatchRow& row) {
    return {.code = Errc::corrupt,
            .what = row.kind == index::RowKind::gap ? "no batch" : "a batch whose crc is wrong",
            .file = opened.log_name(),
            .at = row.position};
}

/// The first record of a batch that is in range and at or after a time.
Result<std::optional<TimedOffset>> find_in(ArchiveCache& cache, OpenedArchive& opened, const index::BatchRow& row,
                                           const Range& range, TimestampMs time) {
    ByteBuffer bytes;
    if (const auto read = cache.read(opened, row.position, row.size, bytes); !read) {
        return read.error();
    }
    const auto batch = record::BatchView::parse(bytes.bytes(), FileOffset{row.position});
    if (!batch) {
        return batch.error().in_file(opened.log_name());
    }
    record::RecordReader reader;
    record::RecordView record;
    for (reader.open(*batch); reader.next(record);) {
        if (record.timestamp >= time && record.offset >= range.first && record.offset < range.end) {
            return std::optional(TimedOffset{.timestamp = record.timestamp,
                                             .offset = record.offset,
                                             .leader_epoch = batch->header().is_legacy() ? -1 : row.leader_epoch});
        }
    }
    return std::optional<TimedOffset>();
}

/// The first record of an archive that is in range and at or after a time.
Result<std::optional<TimedOffset>> find_in_archive(ArchiveCache& cache, OpenedArchive& opened, const Range& range,
                                                   TimestampMs time) {
    const auto table = opened.table();
    if (!table) {
        return table.error();
    }
    std::optional<TimedOffset> found;
    const auto scanned = (*table)->scan({.first_offset = range.first, .end_offset = range.end, .since = time},
                                        [&](const index::BatchRow& row) -> Result<bool> {
                                            if (row.kind != index::RowKind::batch) {
                                                return damage_at(opened, row);
                                            }
                                            const auto in_batch = find_in(cache, opened, row, range, time);
                                            if (!in_batch) {
                                                return in_batch.error();
                                            }
                                            found = *in_batch;
                                            return !found;
                                        });
    return scanned ? Result<std::optional<TimedOffset>>(found) : scanned.error();
}

/// The largest time of the records of an archive that are in range.
Result<TimestampMs> largest_in_archive(ArchiveCache& cache, OpenedArchive& opened, const Range& range) {
    const auto table = opened.table();
    if (!table) {
        return table.error();
    }
    TimestampMs largest = -1;
    const auto scanned = (*table)->scan(
        {.first_offset = range.first, .end_offset = range.end}, [&](const index::BatchRow& row) -> Result<bool> {
            if (row.kind != index::RowKind::batch || row.records == 0 || row.max_timestamp <= largest) {
                return true;
            }
            if (row.base_offset >= range.first && row.last_offset < range.end) {
                largest = row.max_timestamp;
                return true;
            }
            // Part of it does not count. Records that are there are few: the next larger one is looked for until none is.
            for (auto next = find_in(cache, opened, row, range, largest + 1);;
                 next = find_in(cache, opened, row, range, largest + 1)) {
                if (!next || !*next) {
                    return next ? Result<bool>(true) : next.error();
                }
                largest = (*next)->timestamp;
            }
        });
    return scanned ? Result<TimestampMs>(largest) : scanned.error();
}

}  // namespace

Result<std::optional<TimedOffset>> ArchivedLog::find_time(TimestampMs time, std::int64_t from, std::int64_t end) {
    const auto now = listing();
    for (auto slice = next_slice(*now, from, end); slice; slice = next_slice(*now, slice->end_offset, end)) {
        const ArchiveName& name = now->archives[slice->segment].name;
        // Where damage may hold any time, the name has none.
        if (!name.last_timestamp || *name.last_timestamp >= time) {
            const auto opened = cache_->open(store_, name);
            auto found = opened ? find_in_archive(*cache_, **opened, {slice->first_offset, slice->end_offset}, time)
                                : Result<std::optional<TimedOffset>>(opened.error());
            if (!found || *found) {
                return found;
            }
        }
        if (slice->end_offset == kMaxRecordOffset) {
            break;
        }
    }
    return std::optional<TimedOffset>();
}

Result<std::optional<TimedOffset>> ArchivedLog::max_timestamp(std::int64_t from, std::int64_t end) {
    const auto now = listing();
    TimestampMs largest = -1;
    for (auto slice = next_slice(*now, from, end); slice; slice = next_slice(*now, slice->end_offset, end)) {
        const ArchiveName& name = now->archives[slice->segment].name;
        const bool whole = slice->first_offset <= name.base_offset && slice->end_offset > name.last_offset;
        if (!name.last_timestamp || *name.last_timestamp > largest) {
            if (whole && name.last_timestamp) {
                largest = *name.last_timestamp;
            } else {
                const auto opened = cache_->open(store_, name);
                const auto in_part = opened
                                         ? largest_in_archive(*cache_, **opened, {slice->first_offset, slice->end_offset})
                                         : Result<TimestampMs>(opened.error());
                if (!in_part) {
                    return in_part.error();
                }
                largest = std::max(largest, *in_part);
            }
        }
        if (slice->end_offset == kMaxRecordOffset) {
            break;
        }
    }
    return largest < 0 ? std::optional<TimedOffset>() : find_time(largest, from, end);
}

}  // namespace kseg::store
