// SPDX-License-Identifier: Apache-2.0
#include "wal/log_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kafka/segment/range.hpp"
#include "kafka/segment/side_files.hpp"
#include "wal/files.hpp"

namespace kseg::wal {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

std::string what_is_wrong(const segment::Item& item) {
    return item.outcome == segment::Outcome::batch
               ? fmt::format("batch crc; expected 0x{:08x}, got 0x{:08x}", item.crc_computed, item.batch.header().crc)
               : item.describe_gap();
}

}  // namespace

Result<ReadStep> LogReader::next() {
    if (!open_) {
        const auto opened = open_first();
        if (!opened) {
            return opened.error();
        }
        if (!*opened) {
            return ReadStep{};
        }
    }
    for (;;) {
        auto found = step();
        if (!found) {
            return found.error().in_file(open_->path);
        }
        if (*found) {
            return **std::move(found);
        }
        const auto moved = open_next();
        if (!moved) {
            return moved.error();
        }
        if (!*moved) {
            return ReadStep{.file = open_->path, .position = FileOffset{open_->at}};
        }
    }
}

std::string LogReader::what_is_misplaced(const record::BatchHeader& header) const {
    return fmt::format("batch offset; expected {} to {}, got {}", open_->end_offset, open_->next_base - 1,
                       header.base_offset);
}

/// Whether what is no batch may be a write under way: it ends the last segment.
Result<bool> LogReader::may_be_unfinished(const segment::Item& item) const {
    const auto size = open_->file->size();
    if (!size) {
        return size.error();
    }
    return item.position.value + item.size >= *size ? is_last() : Result<bool>(false);
}

/// Begins to walk from where the last walk came to; false where there is nothing more.
Result<bool> LogReader::begin_walk() {
    Open& open = *open_;
    if (open.cursor != nullptr) {
        return true;
    }
    const auto size = open.file->size();
    if (!size) {
        return size.error();
    }
    if (*size <= open.at) {
        return false;
    }
    open.source = io::source_of(*open.file, open.at);
    open.window = std::make_unique<io::Window>(*open.source, FileOffset{open.at}, kPieceBytes);
    open.cursor = std::make_unique<segment::SegmentCursor>(*open.window, FileOffset{open.at});
    return true;
}

/// The next batch or damage of the segment that is open; nothing at its end.
Result<std::optional<ReadStep>> LogReader::step() {
    Open& open = *open_;
    for (;;) {
        const auto more = begin_walk();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return std::optional<ReadStep>{};
        }
        // Asked first: what is committed now is whole in the file that is read then.
        const std::int64_t committed = request_.committed_end ? request_.committed_end() : kMaxRecordOffset;
        const auto item = open.cursor->next();
        if (!item) {
            return item.error();
        }
        if (item->outcome == segment::Outcome::end) {
            open.cursor.reset();
            return std::optional<ReadStep>{};
        }
        bool good = item->outcome == segment::Outcome::batch && item->crc_valid;
        const bool misplaced = good && (item->batch.header().base_offset < open.end_offset ||
                                        item->batch.header().last_offset() >= open.next_base);
        good = good && !misplaced;
        if (good && item->batch.header().last_offset() >= committed) {
            open.cursor.reset();  // to be looked at again
            return std::optional(ReadStep{.file = open.path, .position = item->position});
        }
        if (item->outcome != segment::Outcome::batch) {
            const auto unfinished = may_be_unfinished(*item);
            if (!unfinished) {
                return unfinished.error();
            }
            if (*unfinished) {
                open.cursor.reset();
                return std::optional(ReadStep{.file = open.path, .position = item->position});
            }
        }
        open.at = item->position.value + item->size;
        ReadStep step{.kind = good ? ReadStep::Kind::batch : ReadStep::Kind::damage,
                      .file = open.path,
                      .position = item->position,
                      .size = item->size,
                      .batch = item->batch};
        if (!good) {
            step.what = misplaced ? what_is_misplaced(item->batch.header()) : what_is_wrong(*item);
            return std::optional(std::move(step));
        }
        const record::BatchHeader& header = item->batch.header();
        open.end_offset = header.last_offset() + 1;
        if (header.last_offset() < request_.from_offset || (request_.since && header.max_timestamp < *request_.since)) {
            continue;
        }
        request_.from_offset = header.last_offset() + 1;
        return std::optional(std::move(step));
    }
}

Result<bool> LogReader::is_last() const {
    const auto names = fs_.list(directory_);
    if (!names) {
        return names.error();
    }
    return offsets_in(*names, ".log").back() <= open_->base_offset;
}

Result<bool> LogReader::open_first() {
    const auto names = fs_.list(directory_);
    if (!names) {
        return names.error();
    }
    const std::vector<std::int64_t> segments = offsets_in(*names, ".log");
    if (segments.empty()) {
        return false;
    }
    const auto after = std::ranges::upper_bound(segments, request_.from_offset);
    const std::size_t at = after == segments.begin() ? 0 : static_cast<std::size_t>(after - segments.begin()) - 1;
    const auto base = request_.since ? find_by_time(segments, at) : Result<std::int64_t>(segments[at]);
    if (!base) {
        return base.error();
    }
    const auto opened = open_segment(segments, *base, true);
    return opened ? Result<bool>(true) : opened.error();
}

/// The first segment from number `from` on that may hold a record of the time, by the last entry of its time index.
Result<std::int64_t> LogReader::find_by_time(const std::vector<std::int64_t>& segments, std::size_t from) const {
    for (std::size_t i = from; i + 1 < segments.size(); ++i) {
        const std::string path = file_beside(directory_, segments[i], ".timeindex");
        const auto content = read_file(fs_, path);
        if (!content) {
            return content.error();
        }
        const auto times = segment::parse_time_index(content->bytes(), segments[i]);
        // Without a sound index the segment itself has to tell.
        if (times.damage || times.entries.empty() || times.entries.back().timestamp >= *request_.since) {
            return segments[i];
        }
    }
    return segments.back();
}

/// Goes on to the segment behind the one that was read to its end; false where there is none.
Result<bool> LogReader::open_next() {
    const auto names = fs_.list(directory_);
    if (!names) {
        return names.error();
    }
    const std::vector<std::int64_t> segments = offsets_in(*names, ".log");
    const auto next = std::ranges::upper_bound(segments, open_->base_offset);
    if (next == segments.end()) {
        return false;
    }
    // Records may have come between the look at the end of this one and the next one's beginning.
    const auto size = open_->file->size();
    if (!size) {
        return size.error();
    }
    if (*size > open_->at) {
        open_->cursor.reset();
        return true;
    }
    const auto opened = open_segment(segments, *next, false);
    return opened ? Result<bool>(true) : opened.error();
}

Result<void> LogReader::open_segment(const std::vector<std::int64_t>& segments, std::int64_t base_offset, bool first) {
    const auto next = std::ranges::upper_bound(segments, base_offset);
    Open open{.base_offset = base_offset,
              .next_base = next == segments.end() ? kMaxRecordOffset : *next,
              .end_offset = base_offset,
              .path = file_beside(directory_, base_offset, ".log")};
    auto file = fs_.open(open.path);
    if (!file) {
        return file.error();
    }
    open.file = *std::move(file);
    if (first) {
        const auto offsets = read_file(fs_, file_beside(directory_, base_offset, ".index"));
        const auto times = request_.since ? read_file(fs_, file_beside(directory_, base_offset, ".timeindex"))
                                          : Result<ByteBuffer>(ByteBuffer());
        if (!offsets || !times) {
            return offsets ? times.error() : offsets.error();
        }
        segment::RecordRange range{.first_offset = request_.from_offset, .since = request_.since};
        open.at = segment::part_of(offsets->bytes(), times->bytes(), *open.file, base_offset, range).start.value;
    }
    open_ = std::move(open);
    return {};
}

}  // namespace kseg::wal
