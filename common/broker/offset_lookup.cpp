// SPDX-License-Identifier: Apache-2.0
#include "broker/offset_lookup.hpp"

#include <algorithm>

#include "kafka/record/record.hpp"
#include "kafka/segment/side_files.hpp"
#include "wal/files.hpp"
#include "wal/log_reader.hpp"

namespace kseg::broker {
namespace {

Error damage_of(const wal::ReadStep& step) {
    return {.code = Errc::corrupt, .what = step.what, .file = std::string(step.file), .at = step.position.value};
}

/// The first record of a batch that is in range and at or after a time.
std::optional<TimedOffset> find_in(const record::BatchView& batch, const LookupRange& range, TimestampMs time) {
    record::RecordReader reader;
    record::RecordView record;
    for (reader.open(batch); reader.next(record);) {
        if (record.timestamp >= time && record.offset >= range.start && record.offset < range.end) {
            return TimedOffset{.timestamp = record.timestamp,
                               .offset = record.offset,
                               .leader_epoch = batch.header().is_legacy() ? -1 : batch.header().partition_leader_epoch};
        }
    }
    return std::nullopt;
}

/// Where the largest time of a partition's time indexes is; behind what they tell the log itself has to be read.
struct IndexedTime {
    segment::TimeIndexEntry largest{};
    std::int64_t read_from = 0;
};

Result<IndexedTime> largest_of_indexes(io::Fs& fs, const LookupRange& range) {
    const auto names = fs.list(range.directory);
    if (!names) {
        return names.error();
    }
    const std::vector<std::int64_t> segments = wal::offsets_in(*names, ".log");
    IndexedTime found{.largest = {.timestamp = -1, .offset = -1}, .read_from = range.start};
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const bool is_last = i + 1 == segments.size();
        if (!is_last && segments[i + 1] <= range.start) {
            continue;
        }
        const auto content = wal::read_file(fs, wal::file_beside(range.directory, segments[i], ".timeindex"));
        if (!content) {
            return content.error();
        }
        const auto times = segment::parse_time_index(content->bytes(), segments[i]);
        if (times.damage || times.entries.empty() || times.entries.back().offset < range.start) {
            return found;  // from here on the records tell
        }
        if (times.entries.back().timestamp > found.largest.timestamp) {
            found.largest = times.entries.back();
        }
        found.read_from = is_last ? times.entries.back().offset + 1 : segments[i + 1];
    }
    return found;
}

}  // namespace

Result<std::optional<TimedOffset>> first_at_or_after(io::Fs& fs, const LookupRange& range, TimestampMs time) {
    wal::LogReader reader(fs, range.directory,
                          {.from_offset = range.start, .since = time, .committed_end = [&range] { return range.end; }});
    for (;;) {
        const auto step = reader.next();
        if (!step) {
            return step.error();
        }
        if (step->kind == wal::ReadStep::Kind::end) {
            return std::optional<TimedOffset>{};
        }
        if (step->kind == wal::ReadStep::Kind::damage) {
            return damage_of(*step);
        }
        if (const auto found = find_in(step->batch, range, time)) {
            return std::optional(*found);
        }
    }
}

Result<std::optional<TimedOffset>> first_of_largest_time(io::Fs& fs, const LookupRange& range) {
    const auto indexed = largest_of_indexes(fs, range);
    if (!indexed) {
        return indexed.error();
    }
    TimestampMs largest = indexed->largest.timestamp;
    std::int64_t in_batch = indexed->largest.offset;  // the last offset of the batch that has it
    wal::LogReader rest(fs, range.directory,
                        {.from_offset = indexed->read_from, .committed_end = [&range] { return range.end; }});
    for (;;) {
        const auto step = rest.next();
        if (!step) {
            return step.error();
        }
        if (step->kind == wal::ReadStep::Kind::end) {
            break;
        }
        if (step->kind == wal::ReadStep::Kind::damage) {
            return damage_of(*step);
        }
        if (step->batch.header().max_timestamp > largest) {
            largest = step->batch.header().max_timestamp;
            in_batch = step->batch.header().last_offset();
        }
    }
    if (largest < 0) {
        return std::optional<TimedOffset>{};
    }
    wal::LogReader at(fs, range.directory, {.from_offset = std::max(in_batch, range.start)});
    const auto step = at.next();
    if (!step) {
        return step.error();
    }
    const bool there = step->kind == wal::ReadStep::Kind::batch && step->batch.header().max_timestamp == largest;
    const auto found = there ? find_in(step->batch, range, largest) : std::nullopt;
    // An index that the log does not agree with, or a time of records that no longer count: the records tell.
    return found ? Result<std::optional<TimedOffset>>(found) : first_at_or_after(fs, range, largest);
}

Result<std::optional<TimedOffset>> look_up_time(io::Fs& fs, const TimeLookup& what) {
    std::optional<TimedOffset> archived;
    if (what.archived != nullptr && what.archived_start < what.local.start) {
        const std::int64_t end = std::min(what.local.start, what.local.end);
        auto found = what.time ? what.archived->find_time(*what.time, what.archived_start, end)
                               : what.archived->max_timestamp(what.archived_start, end);
        if (!found || (*found && what.time)) {
            return found;
        }
        archived = *found;
    }
    auto local = what.time ? first_at_or_after(fs, what.local, *what.time) : first_of_largest_time(fs, what.local);
    if (local && archived && (!*local || (*local)->timestamp <= archived->timestamp)) {
        return archived;
    }
    return local;
}

}  // namespace kseg::broker
