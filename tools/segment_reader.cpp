// SPDX-License-Identifier: Apache-2.0
#include "segment_reader.hpp"

#include <fmt/format.h>

#include "base/checked.hpp"
#include "kafka/segment/side_files.hpp"
#include "print/side_rows.hpp"
#include "stop.hpp"

namespace kseg::tools {
namespace {

constexpr std::uint64_t kSideFileBytes = std::uint64_t{256} << 20;
// Each begins a walk anew. Chunks may be as small as a byte, and each may be damaged.
constexpr int kMostDamagedPlaces = 1000;

bool is_jsonl(Mode mode) {
    return mode == Mode::records_jsonl || mode == Mode::batches_jsonl;
}

bool is_tail(const segment::Item& gap) {
    return gap.reason == segment::GapReason::torn_tail || gap.reason == segment::GapReason::zero_fill;
}

}  // namespace

SegmentReader::SegmentReader(const ReadOptions& options, Archives& archives, io::Sink& sink, Report& report,
                             Progress& progress)
    : options_(options), archives_(archives), report_(report), progress_(progress), printer_(options_, sink, report) {}

void SegmentReader::read(const Input& input) {
    for (std::optional<Input> next = input; next && !stopped();) {
        const Input current = *next;
        read_one(current);
        // A log that is followed goes on in its next segment.
        next =
            options_.follow && current.log && current.last_of_log && !stop_asked() ? next_segment(current) : std::nullopt;
    }
}

void SegmentReader::read_one(const Input& input) {
    reading_ = std::make_shared<const SegmentInfo>(SegmentInfo{.name = shown_name(input),
                                                               .partition = input.partition,
                                                               .log = input.log,
                                                               .named_on_lines = options_.named_on_lines});
    report_.detail(fmt::format("reading {}", reading_->name));
    if (input.side_file) {
        read_side_file(input);
    } else if (outside_range(input)) {
        log_end_.reset();
    } else {
        check_log_order(input);
        printer_.add_segment();
        read_segment(input);
    }
    bytes_before_ += input.size;
}

/// Whether the names of the segments alone say that nothing of this one is wanted.
bool SegmentReader::outside_range(const Input& input) const {
    const segment::RecordRange& range = options_.selection.range;
    return input.log && ((range.end_offset && *input.base_offset >= *range.end_offset) ||
                         (range.first_offset && input.next_base_offset && *input.next_base_offset <= *range.first_offset));
}

void SegmentReader::check_log_order(const Input& input) {
    if (input.log && log_ == input.log && log_end_ && *input.base_offset > *log_end_) {
        report_.damage(reading_->name,
                       fmt::format("offsets {} to {} are missing before this segment", *log_end_, *input.base_offset - 1));
    }
    log_ = input.log;
    log_end_.reset();
}

void SegmentReader::read_side_file(const Input& input) {
    printer_.drain();
    const auto bytes = io::read_small_file(input.path, kSideFileBytes);
    if (!bytes) {
        report_.error(bytes.error().in_file(reading_->name));
        return;
    }
    ByteBuffer out;
    std::uint64_t left = options_.selection.limit;
    const auto rows = segment::read_rows(*input.side_file, bytes->bytes(), input.base_offset.value_or(0),
                                         [&](std::span<const segment::RowField> row) {
                                             if (left != 0) {
                                                 --left;
                                                 append_side_row(out, row, *reading_, is_jsonl(options_.mode));
                                             }
                                         });
    printer_.write(out.bytes());
    if (!rows) {
        report_.damage(reading_->name, rows.error().at.value_or(0), rows.error().what);
    }
}

void SegmentReader::read_segment(const Input& input) {
    auto log = open_log(input, options_, archives_);
    if (!log) {
        interrupted_ = log.error().code == Errc::cancelled;
        if (!interrupted_) {
            report_.error(log.error().in_file(reading_->name));
        }
        return;
    }
    Walked walked{.end = log->part.start, .whole = log->part.start.value == 0};
    segment::SegmentPart part = log->part;
    walk(*log, part, walked);
    for (int places = 0; walked.at_end && log->member != nullptr && log->member->damage(); ++places) {
        if (!pass_damage(*log->member, input, walked)) {
            break;
        }
        if (places == kMostDamagedPlaces) {
            report_.damage(reading_->name, walked.end.value, "too much damage; the rest is left out");
            break;
        }
        part.start = walked.end;
        walk(*log, part, walked);
    }
    if (!walked.whole || stopped()) {
        log_end_.reset();
    }
    tell_end(log->part, walked);
}

/// Reports where an archive is damaged. What cannot be read is a gap; true where the walk can go on behind it.
bool SegmentReader::pass_damage(archive::MemberStream& member, const Input& input, Walked& walked) {
    report_.lost(member.damage()->in_file(reading_->name));
    walked.lost = true;
    walked.whole = false;
    const auto next = member.pass_damage();
    const FileOffset end{next.value_or(input.size)};
    if (end > walked.end) {
        Part part{.segment = reading_};
        part.add({.outcome = segment::Outcome::gap, .position = walked.end, .size = end - walked.end});
        printer_.submit(part);
        walked.end = end;
    }
    return next.has_value();
}

/// Takes over an item, and what the cursor says of it besides: its partition, and what is wrong with where it came from.
void SegmentReader::take(const FileCursor& cursor, const segment::Item& item, Part& part) {
    const io::Piece piece = cursor.piece();
    if (part.piece != piece || part.is_full()) {
        printer_.submit(part);
    }
    const auto& partition = cursor.partition();
    if (item.outcome == segment::Outcome::batch && partition && partition != reading_->partition) {
        printer_.submit(part);
        SegmentInfo info = *reading_;
        info.partition = partition;
        reading_ = std::make_shared<const SegmentInfo>(std::move(info));
        part.segment = reading_;
    }
    for (const std::string& warning : cursor.warnings()) {
        part.notes.push_back({.at = item.position.value, .what = warning});
    }
    part.piece = piece;
    part.add(item);
}

/// Notes what an item says of the log; true where it is the last that is wanted.
bool SegmentReader::note(const segment::Item& item, const segment::SegmentPart& where, Walked& walked) {
    walked.end = item.position + item.size;
    if (item.outcome != segment::Outcome::batch) {
        walked.refused = is_tail(item) ? walked.refused : item;
        return false;
    }
    ++walked.batches;
    if (!item.crc_valid) {
        return false;
    }
    const std::int64_t last = item.batch.header().last_offset();
    log_end_ = saturating_add(last, 1);
    return where.stop_at && item.position >= *where.stop_at && last >= where.stop_offset;
}

void SegmentReader::walk(OpenedLog& log, const segment::SegmentPart& where, Walked& walked) {
    io::Window window(*log.source, where.start);
    Part part{.segment = reading_};
    log.source->before_wait = [&] {
        printer_.submit(part);
        printer_.drain();
    };
    FileCursor cursor(window, where.start, options_.selection.max_batch_bytes, reading_->name);
    walked.at_end = false;
    while (!stopped()) {
        const auto item = cursor.next();
        if (!item) {
            interrupted_ = item.error().code == Errc::cancelled;
            if (!interrupted_) {
                report_.error(item.error().in_file(reading_->name));
            }
            walked.whole = false;
            break;
        }
        // What is torn by damage is part of the gap there; what is torn where a follower stops may be whole soon.
        const bool torn = item->outcome == segment::Outcome::torn_tail;
        const bool damaged = log.member != nullptr && log.member->damage();
        if (item->outcome == segment::Outcome::end || (torn && (damaged || (options_.follow && stop_asked())))) {
            walked.at_end = true;
            break;
        }
        take(cursor, *item, part);
        if (note(*item, where, walked)) {
            walked.whole = false;
            break;
        }
        progress_.show(bytes_before_ + item->position.value);
    }
    printer_.submit(part);
}

/// Reports a log in which there was nothing to show.
void SegmentReader::tell_end(const segment::SegmentPart& where, const Walked& walked) {
    if (walked.batches != 0) {
        return;
    }
    if (walked.lost) {
        report_.fail();
    } else if (walked.refused && where.start.value == 0) {
        printer_.drain();
        report_.error({.code = Errc::corrupt,
                       .what = fmt::format("holds no record batch; {}", walked.refused->describe_gap()),
                       .file = reading_->name,
                       .at = walked.refused->position.value});
    }
}

}  // namespace kseg::tools
