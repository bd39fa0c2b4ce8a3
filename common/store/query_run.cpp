// SPDX-License-Identifier: Apache-2.0
#include "store/query_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/index_slice.hpp"

namespace kseg::store {
namespace {

constexpr std::string_view kLock = "/.lock";

std::string path_of(const PartitionListing& listing, const Slice& slice) {
    return slice.kind == SourceKind::index ? listing.index_path(listing.indexes[slice.segment].base_offset)
                                           : listing.log_path(listing.logs[slice.segment].base_offset);
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
    while (!filter_.full() && sink_.keep_on(files_.counts().bytes)) {
        const auto slice = next_slice(listing, next, end);
        if (!slice) {
            return true;
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
        const std::int64_t reached = std::clamp(ends, slice->first_offset, slice->end_offset);
        // From its end on, or from where it failed, another one may hold what follows.
        Segment& segment = (slice->kind == SourceKind::index ? listing.indexes : listing.logs)[slice->segment];
        if (done->ended == Ended::failed) {
            segment.end_at(reached);
        } else if (done->whole) {
            segment.end_at(std::max(ends, slice->first_offset));
        }
        next = reached;
        read_to_next = done->ended == Ended::finished && done->offset.has_value();
        if (next >= end || next == kMaxRecordOffset) {
            return true;
        }
    }
    return false;
}

Result<SliceEnd> QueryRun::answer_slice(PartitionListing& listing, const Slice& slice, SliceReport& report) {
    filter_.begin(range_of(request_.range, slice), report.path);
    return slice.kind == SourceKind::index ? answer_index(listing, slice, report) : answer_log(listing, slice, report);
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
    const Segment& index = listing.indexes[slice.segment];
    const IndexPlace place{
        .path = report.path,
        .base_offset = index.base_offset,
        .next_base = index.next_base,
        .same_log = slice.same_log ? listing.log_path(listing.logs[*slice.same_log].base_offset) : std::string()};
    const auto end = answer_by_index(work_, place, report);
    if (!end) {
        return end.error();
    }
    const std::int64_t ends = end->offset.value_or(index.base_offset);
    if (slice.same_log && end->same_log_used && end->ended == Ended::finished && end->whole) {
        // It was read by way of the index and holds no more than that.
        listing.logs[*slice.same_log].end_at(std::max(ends, index.base_offset));
    }
    return SliceEnd(*end);
}

void QueryRun::tell_missing(const PartitionListing& listing, const Slice& slice, std::int64_t from) {
    sink_.damage({.code = Errc::corrupt,
                  .what = fmt::format("offsets {} to {} are missing before this segment", from, slice.first_offset - 1),
                  .file = path_of(listing, slice)});
}

}  // namespace kseg::store
