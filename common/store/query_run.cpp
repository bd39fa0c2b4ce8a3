// SPDX-License-Identifier: Apache-2.0
#include "store/query_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kseg::store {
namespace {

constexpr std::string_view kLock = "/.lock";

/// The part of a listing that a slice is of.
Segment& segment_of(PartitionListing& listing, const Slice& slice) {
    switch (slice.kind) {
        case SourceKind::index: return listing.indexes[slice.segment];
        case SourceKind::archive: return listing.archives[slice.segment];
        case SourceKind::log: break;
    }
    return listing.logs[slice.segment];
}

/// What is asked for of a slice.
segment::RecordRange range_of(const segment::RecordRange& asked, const Slice& slice) {
    segment::RecordRange range = asked;
    range.first_offset = slice.first_offset;
    if (slice.end_offset != kMaxRecordOffset) {
        range.end_offset = slice.end_offset;
    }
    return range;
}

}  // namespace

QueryRun::QueryRun(io::Fs& fs, const Places& places, const Request& request, AnswerSink& sink)
    : places_(places),
      request_(request),
      sink_(sink),
      files_(fs),
      filter_(request, sink),
      work_{.request = request, .sink = sink, .files = files_, .filter = filter_} {}

Result<bool> QueryRun::answer(PartitionListing listing) {
    const std::int64_t end = request_.range.end_offset.value_or(kMaxRecordOffset);
    std::int64_t next = request_.range.first_offset.value_or(0);
    bool read_to_next = false;  // what is before `next` was read, or is known not to be there
    tell_other_topics(listing);
    while (!filter_.full() && sink_.keep_on(files_.counts().bytes)) {
        const auto slice = next_slice(listing, next, end);
        if (!slice) {
            return true;
        }
        if (has_moved(listing, *slice)) {
            continue;
        }
        if (read_to_next && slice->first_offset > next) {
            tell_missing(listing, *slice, next);
        }
        SliceReport report{.slice = *slice, .path = path_of(listing, *slice)};
        const ReadCounts before = files_.counts();
        const std::uint64_t given_before = filter_.given();
        const auto done = answer_slice(listing, *slice, report);
        if (!done) {
            return done.error();
        }
        report.cost = files_.counts() - before;
        report.given = filter_.given() - given_before;
        sink_.end_slice(report);
        if (done->ended == Ended::stopped) {
            return false;
        }
        const std::int64_t ends = done->offset.value_or(slice->first_offset);
        next = std::clamp(ends, slice->first_offset, slice->end_offset);
        note_end(listing, *slice, *done);
        read_to_next = done->ended == Ended::finished && done->offset.has_value();
        if (next >= end || next == kMaxRecordOffset) {
            return true;
        }
    }
    return false;
}

/// Whether a log is no longer there, since it has gone to an archive: then the listing knows that.
bool QueryRun::has_moved(PartitionListing& listing, const Slice& slice) {
    if (slice.kind != SourceKind::log || places_.archives == nullptr || files_.size_of(path_of(listing, slice))) {
        return false;
    }
    if (!places_.archives->refresh(listing.name.topic)) {
        return false;  // that the log is not there is told
    }
    const auto found = places_.archives->archives(listing.name, places_.topic_id);
    if (!found) {
        return false;
    }
    bool has_it = false;
    for (const ArchiveName& name : found->archives) {
        listing.add_archive(name);
        has_it = has_it || (name.base_offset <= slice.first_offset && name.last_offset >= slice.first_offset);
    }
    if (has_it) {
        listing.logs[slice.segment].end_at(slice.first_offset);
    }
    return has_it;
}

Result<SliceEnd> QueryRun::answer_slice(PartitionListing& listing, const Slice& slice, SliceReport& report) {
    filter_.begin(range_of(request_.range, slice), report.path);
    switch (slice.kind) {
        case SourceKind::index: return answer_index(listing, slice, report);
        case SourceKind::archive: return answer_archive(listing, slice, report);
        case SourceKind::log: break;
    }
    return answer_log(listing, slice, report);
}

/// From its end on, or from where it failed, another segment may hold what follows.
void QueryRun::note_end(PartitionListing& listing, const Slice& slice, const SliceEnd& end) {
    const std::int64_t ends = end.offset.value_or(slice.first_offset);
    Segment& segment = segment_of(listing, slice);
    if (end.ended != Ended::failed) {
        if (end.whole) {
            segment.end_at(std::max(ends, slice.first_offset));
        }
    } else if (slice.kind == SourceKind::archive && end.resume && *end.resume > ends) {
        listing.resume_archive(slice.segment, *end.resume);
    } else {
        segment.end_at(std::clamp(ends, slice.first_offset, slice.end_offset));
    }
}

std::string QueryRun::path_of(const PartitionListing& listing, const Slice& slice) const {
    switch (slice.kind) {
        case SourceKind::index: return listing.index_path(listing.indexes[slice.segment].base_offset);
        case SourceKind::archive: return places_.archives->describe(listing.archives[slice.segment].name);
        case SourceKind::log: break;
    }
    return listing.log_path(listing.logs[slice.segment].base_offset);
}

Result<SliceEnd> QueryRun::answer_log(const PartitionListing& listing, const Slice& slice, SliceReport& report) {
    const Segment& log = listing.logs[slice.segment];
    LogPlace place{.path = report.path, .base_offset = log.base_offset, .next_base = log.next_base};
    if (slice.segment + 1 == listing.logs.size()) {
        place.writers_lock = *places_.wal + std::string(kLock);
    }
    return scan_log(work_, place, report);
}

Result<SliceEnd> QueryRun::answer_index(PartitionListing& listing, const Slice& slice, SliceReport& report) {
    files_.close_archive();
    return answer_indexed(listing, slice, {.path = report.path}, report);
}

Result<SliceEnd> QueryRun::answer_archive(PartitionListing& listing, const Slice& slice, SliceReport& report) {
    const ArchiveName name = listing.archives[slice.segment].name;
    const segment::RecordRange& range = request_.range;
    const bool other_times = (range.since && name.last_timestamp && *name.last_timestamp < *range.since) ||
                             (range.until && name.first_timestamp && *name.first_timestamp >= *range.until);
    if (other_times) {
        report.skipped_by = SkippedBy::name;
        return SliceEnd{.offset = name.last_offset + 1};
    }
    auto file = places_.archives->open(name);
    const auto opened =
        file ? files_.open_archive(report.path, *std::move(file), places_.archive_options) : Result<void>(file.error());
    if (!opened) {
        sink_.damage(opened.error().in_file(report.path));
        return SliceEnd{.ended = Ended::failed};
    }
    return answer_indexed(listing, slice, {.path = report.path, .archived = &name}, report);
}

/// Answers from an index, in a directory or in an archive.
Result<SliceEnd> QueryRun::answer_indexed(PartitionListing& listing, const Slice& slice, IndexPlace place,
                                          SliceReport& report) {
    const Segment& segment = segment_of(listing, slice);
    place.base_offset = segment.base_offset;
    place.next_base = segment.next_base;
    if (slice.same_log) {
        place.same_log = listing.log_path(listing.logs[*slice.same_log].base_offset);
    }
    const auto end = answer_by_index(work_, place, report);
    if (!end) {
        return end.error();
    }
    const std::int64_t ends = end->offset.value_or(place.base_offset);
    if (slice.same_log && end->same_log_used && end->ended == Ended::finished && end->whole) {
        // It was read by way of the index and holds no more than that.
        listing.logs[*slice.same_log].end_at(std::max(ends, place.base_offset));
    }
    const SliceEnd& told = *end;  // what only an index's slice says besides was wanted above
    return told;
}

void QueryRun::tell_other_topics(const PartitionListing& listing) {
    for (const std::string& id : listing.other_topic_ids) {
        sink_.damage({.code = Errc::exists,
                      .what = fmt::format("archives of another topic of this name, with the id {}, are left out", id),
                      .file = fmt::format("{}-{}", listing.name.topic, listing.name.partition)});
    }
}

void QueryRun::tell_missing(const PartitionListing& listing, const Slice& slice, std::int64_t from) {
    sink_.damage({.code = Errc::corrupt,
                  .what = fmt::format("offsets {} to {} are missing before this segment", from, slice.first_offset - 1),
                  .file = path_of(listing, slice)});
}

}  // namespace kseg::store
