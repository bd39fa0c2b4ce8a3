// SPDX-License-Identifier: Apache-2.0
#include "broker/log_segments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "kafka/segment/index_builder.hpp"
#include "wal/files.hpp"
#include "wal/segment_scan.hpp"

namespace kseg::broker {
namespace {

// Sealed segments of one partition whose file and index are kept at hand.
constexpr std::size_t kMostOpen = 4;

}  // namespace

Result<void> LogSegments::load() {
    const auto names = fs_.list(directory_);
    if (!names) {
        return names.error();
    }
    segments_.clear();
    for (const std::int64_t base : wal::offsets_in(*names, ".log")) {
        segments_.emplace(base, Segment{});
    }
    return {};
}

Result<void> LogSegments::open(Place segment) {
    if (segment->second.file != nullptr) {
        return {};
    }
    auto file = fs_.open(wal::file_beside(directory_, segment->first, ".log"));
    if (!file) {
        return file.error();
    }
    segment->second.file = *std::move(file);
    let_go_of_others(segment);
    return {};
}

/// Keeps the number of open files small; a slice that is on its way holds its own.
void LogSegments::let_go_of_others(Place keep) {
    std::size_t open = 0;
    for (auto at = segments_.begin(); at != segments_.end() && std::next(at) != segments_.end(); ++at) {
        open += at->second.file != nullptr ? 1U : 0U;
    }
    for (auto at = segments_.begin(); at != segments_.end() && std::next(at) != segments_.end() && open > kMostOpen; ++at) {
        if (at != keep && at->second.file != nullptr) {
            at->second = Segment{};
            --open;
        }
    }
}

Result<void> LogSegments::load_index(Place segment) {
    if (segment->second.index) {
        return {};
    }
    const auto content = wal::read_file(fs_, wal::file_beside(directory_, segment->first, ".index"));
    if (!content) {
        return content.error();
    }
    auto parsed = segment::parse_offset_index(content->bytes(), segment->first);
    // One that is damaged is not used: the log itself tells as well, but takes longer.
    segment->second.index = parsed.damage ? std::vector<segment::OffsetIndexEntry>() : std::move(parsed.entries);
    segment->second.indexed_at = segment->second.index->empty() ? 0 : segment->second.index->back().position;
    return {};
}

Result<wal::LogEnd> LogSegments::find_end() {
    if (segments_.empty()) {
        return wal::LogEnd{};
    }
    const auto last = std::prev(segments_.end());
    if (auto opened = open(last); !opened) {
        return opened.error();
    }
    const auto size = last->second.file->size();
    if (!size) {
        return size.error();
    }
    const auto start = entry_before(last, std::numeric_limits<std::int64_t>::max(), *size);
    if (!start) {
        return start.error();
    }
    const auto scan = wal::scan_segment(*last->second.file, *start, last->first, std::numeric_limits<std::int64_t>::max(),
                                        [](const record::BatchView&) { return Result<void>(); });
    if (!scan) {
        return scan.error();
    }
    if (!scan->bad.empty()) {
        return wal::LogEnd{
            .offset = scan->bad.front().expected_offset, .segment = last->first, .position = scan->bad.front().at};
    }
    return wal::LogEnd{
        .offset = std::max(scan->end_offset, last->first), .segment = last->first, .position = scan->good_end};
}

bool LogSegments::note(const wal::Appended& appended, std::uint64_t batch_bytes) {
    auto segment = segments_.find(appended.segment);
    const bool begins = segment == segments_.end();
    if (begins) {
        // The one before is sealed, and its size is what its file says; an empty one has gone.
        if (!segments_.empty()) {
            const auto before = std::prev(segments_.end());
            before->second.index.reset();
            const auto there = fs_.info(wal::file_beside(directory_, before->first, ".log"));
            if (there && !there->has_value()) {
                segments_.erase(before);
            }
        }
        segment = segments_.emplace(appended.segment, Segment{}).first;
        segment->second.index.emplace();
    }
    Segment& active = segment->second;
    if (active.index && appended.position >= active.indexed_at + segment::kIndexIntervalBytes &&
        appended.position <= std::numeric_limits<std::uint32_t>::max()) {
        active.index->push_back(
            {.offset = appended.last_offset, .position = static_cast<std::uint32_t>(appended.position)});
        active.indexed_at = appended.position;
    }
    remember(
        {.offset = appended.last_offset + 1, .segment = appended.segment, .position = appended.position + batch_bytes});
    return begins;
}

void LogSegments::remember(const Known& known) {
    const auto same = std::ranges::find(known_, known.offset, &Known::offset);
    if (same != known_.end()) {
        *same = known;
        return;
    }
    known_[next_known_] = known;
    next_known_ = (next_known_ + 1) % known_.size();
}

/// Up to where a segment may be read.
Result<std::uint64_t> LogSegments::limit_of(Place segment, const wal::LogEnd& end) {
    if (segment->first == end.segment) {
        return end.position;
    }
    if (segment->first > end.segment) {
        return std::uint64_t{0};
    }
    if (!segment->second.size) {
        const auto size = segment->second.file->size();
        if (!size) {
            return size.error();
        }
        segment->second.size = *size;
    }
    return *segment->second.size;
}

/// The batch that begins at a position; nothing where none does.
Result<std::optional<segment::BatchHead>> LogSegments::head_at(const Segment& segment, std::uint64_t position,
                                                               std::uint64_t limit) const {
    std::array<std::byte, segment::BatchHead::kBytes> bytes{};
    const auto got = segment.file->read_at(position, bytes);
    if (!got) {
        return got.error();
    }
    return segment::BatchHead::of(Bytes(bytes).first(*got), limit > position ? limit - position : 0);
}

/// The position of the last batch that the index names and that begins at or before `offset`; 0 without one, and where the
/// log does not agree with the index.
Result<std::uint64_t> LogSegments::entry_before(Place segment, std::int64_t offset, std::uint64_t limit) {
    if (auto loaded = load_index(segment); !loaded) {
        return loaded.error();
    }
    const auto& index = *segment->second.index;
    const auto after = std::ranges::upper_bound(index, offset, {}, &segment::OffsetIndexEntry::offset);
    if (after == index.begin() || std::prev(after)->position >= limit) {
        return std::uint64_t{0};
    }
    const segment::OffsetIndexEntry& entry = *std::prev(after);
    const auto head = head_at(segment->second, entry.position, limit);
    if (!head) {
        return head.error();
    }
    const bool agrees = *head && (*head)->base_offset <= entry.offset && (*head)->last_offset >= entry.offset;
    return agrees ? std::uint64_t{entry.position} : 0;
}

/// Where in a segment the first batch begins that ends at or behind `offset`; `limit` where none does.
Result<std::uint64_t> LogSegments::find(Place segment, std::int64_t offset, std::uint64_t limit) {
    const auto known = std::ranges::find(known_, offset, &Known::offset);
    if (known != known_.end() && known->segment == segment->first && known->position <= limit) {
        return known->position;
    }
    auto at = entry_before(segment, offset, limit);
    if (!at) {
        return at.error();
    }
    while (*at < limit) {
        const auto head = head_at(segment->second, *at, limit);
        if (!head) {
            return head.error();
        }
        if (!*head) {
            return Error{.code = Errc::corrupt,
                         .what = "no batch",
                         .file = wal::file_beside(directory_, segment->first, ".log"),
                         .at = *at};
        }
        if ((*head)->last_offset >= offset) {
            break;
        }
        *at += (*head)->size;
    }
    return std::min(*at, limit);
}

Result<LogSegments::Slice> LogSegments::read(std::int64_t from, const wal::LogEnd& end, std::uint64_t max_bytes,
                                             bool at_least_one) {
    auto segment = segments_.upper_bound(from);
    segment = segment == segments_.begin() ? segment : std::prev(segment);
    for (; segment != segments_.end() && segment->first <= end.segment; ++segment) {
        if (auto opened = open(segment); !opened) {
            return opened.error();
        }
        const auto limit = limit_of(segment, end);
        if (!limit) {
            return limit.error();
        }
        const auto start = find(segment, from, *limit);
        if (!start) {
            return start.error();
        }
        if (*start < *limit) {
            return take(segment, *start, *limit, max_bytes, at_least_one, end);
        }
    }
    return Slice{.next_offset = from};
}

/// Whole batches of a segment from `start` on.
Result<LogSegments::Slice> LogSegments::take(Place segment, std::uint64_t start, std::uint64_t limit,
                                             std::uint64_t max_bytes, bool at_least_one, const wal::LogEnd& end) {
    const std::uint64_t most = start + std::min(max_bytes, limit - start);
    const auto slice = [&](std::uint64_t stop, std::int64_t next) {
        remember({.offset = next, .segment = segment->first, .position = stop});
        return Slice{.range = {.file = segment->second.file, .offset = start, .size = stop - start}, .next_offset = next};
    };
    if (most == limit && segment->first == end.segment) {
        return slice(limit, end.offset);
    }
    if (auto loaded = load_index(segment); !loaded) {
        return loaded.error();
    }
    // The last batch that the index names and that begins within what may be taken.
    std::uint64_t at = start;
    const auto& index = *segment->second.index;
    const auto after =
        std::ranges::upper_bound(index, most, {}, [](const auto& entry) { return std::uint64_t{entry.position}; });
    if (after != index.begin() && std::prev(after)->position > start) {
        const auto head = head_at(segment->second, std::prev(after)->position, limit);
        if (!head) {
            return head.error();
        }
        const std::int64_t offset = std::prev(after)->offset;
        if (*head && (*head)->base_offset <= offset && (*head)->last_offset >= offset) {
            at = std::prev(after)->position;
        }
    }
    std::optional<std::int64_t> next;
    while (at < limit) {
        const auto head = head_at(segment->second, at, limit);
        if (!head) {
            return head.error();
        }
        if (!*head) {
            if (at == start) {
                return Error{.code = Errc::corrupt,
                             .what = "no batch",
                             .file = wal::file_beside(directory_, segment->first, ".log"),
                             .at = at};
            }
            break;  // what is good before it is served
        }
        if (at + (*head)->size > most && !(at == start && at_least_one)) {
            break;
        }
        at += (*head)->size;
        next = (*head)->last_offset + 1;
        if (at > most) {
            break;
        }
    }
    if (next) {
        return slice(at, *next);
    }
    // Nothing was walked over: what is taken ends where the index's batch begins, or is nothing.
    return Slice{.range = {.file = segment->second.file, .offset = start, .size = at - start}, .next_offset = -1};
}

Result<wal::LogEnd> LogSegments::locate(std::int64_t offset, const wal::LogEnd& end) {
    if (offset >= end.offset) {
        return end;
    }
    const auto slice = read(offset, end, 0, true);
    if (!slice) {
        return slice.error();
    }
    for (const auto& [base, segment] : segments_) {
        if (segment.file != nullptr && segment.file == slice->range.file) {
            return wal::LogEnd{.offset = offset, .segment = base, .position = slice->range.offset};
        }
    }
    return end;
}

Result<void> LogSegments::remove_below(std::int64_t offset) {
    bool removed = false;
    while (segments_.size() > 1 && std::next(segments_.begin())->first <= offset) {
        const std::int64_t base = segments_.begin()->first;
        // The log goes last: an index without its log is nothing, a log without its index only slower.
        for (const char* const extension : {".index", ".timeindex", ".txnindex", ".snapshot", ".log"}) {
            if (auto gone = fs_.remove(wal::file_beside(directory_, base, extension)); !gone) {
                return gone;
            }
        }
        segments_.erase(segments_.begin());
        removed = true;
    }
    return removed ? fs_.sync_directory(directory_) : Result<void>();
}

Result<std::vector<LogSegments::Info>> LogSegments::sealed() {
    std::vector<Info> found;
    for (auto at = segments_.begin(); at != segments_.end() && std::next(at) != segments_.end(); ++at) {
        if (!at->second.size) {
            const auto info = fs_.info(wal::file_beside(directory_, at->first, ".log"));
            if (!info) {
                return info.error();
            }
            at->second.size = *info ? (*info)->size : 0;
        }
        found.push_back({.base_offset = at->first, .next_base = std::next(at)->first, .size = *at->second.size});
    }
    return found;
}

}  // namespace kseg::broker
