// SPDX-License-Identifier: Apache-2.0
#include "store/router.hpp"

#include <algorithm>
#include <utility>

namespace kseg::store {
namespace {

/// A segment that may hold offsets of [from, ...), and the first of them.
struct Choice {
    SourceKind kind = SourceKind::index;
    std::size_t segment = 0;
    std::int64_t first_offset = 0;
    std::int64_t base_offset = 0;
    std::int64_t end_offset = 0;
};

bool is_before(std::int64_t offset, std::int64_t end) {
    return offset < end || end == kMaxRecordOffset;
}

using End = std::int64_t Segment::*;

/// The first segment of one kind that ends behind `from` and is not empty.
std::optional<Choice> first_behind(const std::vector<Segment>& segments, SourceKind kind, End end, std::int64_t from) {
    const auto after = std::ranges::upper_bound(segments, from, {}, &Segment::base_offset);
    auto at = after == segments.begin() ? after : std::prev(after);
    while (at != segments.end() && !is_before(std::max(from, at->base_offset), (*at).*end)) {
        ++at;
    }
    if (at == segments.end()) {
        return std::nullopt;
    }
    return Choice{.kind = kind,
                  .segment = static_cast<std::size_t>(at - segments.begin()),
                  .first_offset = std::max(from, at->base_offset),
                  .base_offset = at->base_offset,
                  .end_offset = (*at).*end};
}

/// The same of archives, which may overlap.
std::optional<Choice> first_behind(const std::vector<ArchivedSegment>& archives, End end, std::int64_t from) {
    // None before this one reaches farther than `from`.
    const auto begin = std::ranges::partition_point(
        archives, [from](const ArchivedSegment& archive) { return !is_before(from, archive.reach); });
    std::optional<Choice> best;
    for (auto at = begin; at != archives.end(); ++at) {
        const std::int64_t first_offset = std::max(from, at->first_offset);
        if (best && first_offset > best->first_offset) {
            break;
        }
        if (is_before(first_offset, (*at).*end) && (!best || at->base_offset < best->base_offset)) {
            best = Choice{.kind = SourceKind::archive,
                          .segment = static_cast<std::size_t>(at - archives.begin()),
                          .first_offset = first_offset,
                          .base_offset = at->base_offset,
                          .end_offset = (*at).*end};
        }
    }
    return best;
}

std::optional<Choice> choose(const PartitionListing& listing, End end, std::int64_t from) {
    std::optional<Choice> best;
    for (const auto& choice :
         {first_behind(listing.indexes, SourceKind::index, end, from), first_behind(listing.archives, end, from),
          first_behind(listing.logs, SourceKind::log, end, from)}) {
        if (choice && (!best || std::pair(choice->first_offset, choice->base_offset) <
                                    std::pair(best->first_offset, best->base_offset))) {
            best = choice;
        }
    }
    return best;
}

}  // namespace

std::optional<Slice> next_slice(const PartitionListing& listing, std::int64_t from, std::int64_t end) {
    auto chosen = choose(listing, &Segment::likely_end, from);
    if (!chosen || chosen->first_offset > from) {
        const auto possible = choose(listing, &Segment::end_offset, from);
        if (possible && (!chosen || possible->first_offset < chosen->first_offset)) {
            const std::int64_t next = chosen ? chosen->first_offset : kMaxRecordOffset;
            chosen = possible;
            chosen->end_offset = std::min(chosen->end_offset, next);
        }
    }
    if (!chosen || !is_before(chosen->first_offset, end)) {
        return std::nullopt;
    }
    Slice slice{.kind = chosen->kind,
                .segment = chosen->segment,
                .first_offset = chosen->first_offset,
                .end_offset = std::min(chosen->end_offset, end)};
    if (slice.kind != SourceKind::log) {
        const auto same = std::ranges::lower_bound(listing.logs, chosen->base_offset, {}, &Segment::base_offset);
        if (same != listing.logs.end() && same->base_offset == chosen->base_offset) {
            slice.same_log = static_cast<std::size_t>(same - listing.logs.begin());
        }
    }
    return slice;
}

std::vector<Slice> route(const PartitionListing& listing, const segment::RecordRange& range) {
    std::vector<Slice> slices;
    const std::int64_t end = range.end_offset.value_or(kMaxRecordOffset);
    std::int64_t from = range.first_offset.value_or(0);
    while (const auto slice = next_slice(listing, from, end)) {
        slices.push_back(*slice);
        if (slice->end_offset == kMaxRecordOffset) {
            break;
        }
        from = slice->end_offset;
    }
    return slices;
}

}  // namespace kseg::store
