// SPDX-License-Identifier: Apache-2.0
#include "segment_reader.hpp"

#include <fmt/format.h>

#include <array>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "kafka/segment/side_files.hpp"
#include "stop.hpp"

namespace kseg::tools {
namespace {

// A part is printed once it holds this much; small enough that what is under way stays far below 64 MiB.
constexpr std::uint64_t kPartBytes = std::uint64_t{512} << 10;
constexpr std::uint64_t kExpansion = 8;  // of compressed batches, as a guess
constexpr std::uint64_t kSideFileBytes = std::uint64_t{256} << 20;

void append_row(ByteBuffer& out, std::span<const segment::RowField> row, const SegmentInfo& info, bool jsonl) {
    if (!jsonl && info.named_on_lines) {
        out.append(info.name + ": ");
    }
    const char* separator = jsonl ? "{" : "";
    for (const segment::RowField& field : row) {
        out.append(jsonl ? fmt::format("{}\"{}\":", separator, field.name) : fmt::format("{}{} ", separator, field.name));
        separator = jsonl ? "," : "  ";
        if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
            append_number(out, *number);
        } else if (const auto* text = std::get_if<std::string>(&field.value); text != nullptr && jsonl) {
            append_json_string_lossy(out, as_bytes(*text));
        } else {
            out.append(text != nullptr ? std::string_view(*text) : "null");
        }
    }
    if (jsonl && info.named_on_lines) {
        out.append(",\"file\":");
        append_json_string_lossy(out, as_bytes(info.name));
    }
    out.append(jsonl ? "}\n" : "\n");
}

bool is_jsonl(Mode mode) {
    return mode == Mode::records_jsonl || mode == Mode::batches_jsonl;
}

}  // namespace

SegmentReader::SegmentReader(const ReadOptions& options, io::Sink& sink, Report& report, Progress& progress)
    : options_(options), sink_(sink), report_(report), progress_(progress) {
    const bool alone =
        options.threads <= 1 || options.follow || options.selection.limit != std::numeric_limits<std::uint64_t>::max();
    jobs_ = std::make_unique<Jobs>(
        alone ? 0 : options.threads, [this] { return make_work(); }, [this](PrintedPart& part) { consume(part); });
}

SegmentReader::Jobs::Work SegmentReader::make_work() const {
    std::shared_ptr<Printer> printer = make_printer(options_.mode, options_.selection);
    // Held, not only compared: a new segment must not look like the old one by having its address.
    return [printer, current = std::shared_ptr<const SegmentInfo>()](Part& part, PrintedPart& printed) mutable {
        printed.clear();
        printed.segment = part.segment;
        if (current != part.segment) {
            current = part.segment;
            printer->begin_segment(*current);
        }
        for (const segment::Item& item : part.items) {
            printer->print(item, printed);
            if (printed.full) {
                break;
            }
        }
        printed.damaged = printed.damaged || !part.notes.empty();
        printed.notes.insert(printed.notes.begin(), part.notes.begin(), part.notes.end());
    };
}

void SegmentReader::write(Bytes bytes) {
    if (output_gone_ || bytes.empty()) {
        return;
    }
    if (const auto written = sink_.write(bytes); !written) {
        output_gone_ = true;
        if (written.error().what != io::kBrokenPipe) {
            report_.error(written.error().in_file("output"));
        }
    }
}

void SegmentReader::end_segment() {
    if (consuming_) {
        if (damage_shown_) {
            report_.damage(consuming_->name, "damage found, shown in the output");
        }
        report_.end_file(consuming_->name);
    }
    damage_shown_ = false;
}

void SegmentReader::consume(PrintedPart& part) {
    const bool same_log =
        consuming_ && (consuming_ == part.segment || (part.segment->log && consuming_->log == part.segment->log));
    if (consuming_ != part.segment) {
        end_segment();
        consuming_ = part.segment;
    }
    for (const Note& note : part.notes) {
        report_.damage(part.segment->name, note.at, note.what);
    }
    damage_shown_ = damage_shown_ || (part.damaged && part.notes.empty() && options_.mode != Mode::records_jsonl &&
                                      options_.mode != Mode::records_text && options_.mode != Mode::raw);
    if (part.damaged) {
        report_.note_damage();
    }
    if (options_.mode == Mode::summary) {
        summary_.append(part.summary, same_log);
    }
    write(part.out.bytes());
    limit_reached_ = limit_reached_ || part.full;
}

void SegmentReader::flush(Part& part) {
    if (part.items.empty()) {
        return;
    }
    Part full = std::move(part);
    part = Part{.segment = full.segment};
    jobs_->submit(std::move(full));
}

void SegmentReader::finish() {
    if (!output_gone_) {
        jobs_->drain();
    }
    end_segment();
    if (options_.mode == Mode::summary && !interrupted_) {
        ByteBuffer out;
        if (options_.summary_json) {
            summary_.write_json(out);
        } else {
            summary_.write_text(out);
        }
        write(out.bytes());
    }
}

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
    reading_ = std::make_shared<const SegmentInfo>(SegmentInfo{.name = shown_name(input.path),
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
        summary_.add_segment();
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
    jobs_->drain();
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
                                                 append_row(out, row, *reading_, is_jsonl(options_.mode));
                                             }
                                         });
    write(out.bytes());
    if (!rows) {
        report_.damage(reading_->name, rows.error().at.value_or(0), rows.error().what);
    }
}

void SegmentReader::read_segment(const Input& input) {
    auto opened = open_input(input.path);
    const auto is_text = opened ? decode_text(opened->source, options_.coding) : Result<bool>(opened.error());
    if (!is_text) {
        interrupted_ = is_text.error().code == Errc::cancelled;
        if (!interrupted_) {
            report_.error(is_text.error().in_file(reading_->name));
        }
        return;
    }
    if (*is_text || !opened->is_regular) {
        walk(*opened->source, {});
        return;
    }
    const io::File& file = *opened->file;
    const bool follow = options_.follow && input.last_of_log;
    const segment::SegmentPart part =
        follow ? segment::SegmentPart{}
               : segment::part_of(input.path, file, input.base_offset.value_or(0),
                                  input.base_offset ? options_.selection.range : segment::RecordRange{});
    const auto stop = [&] { return stop_asked() || (follow && input.log && next_segment(input)); };
    const auto source = io::source_of(file, part.start.value, follow, stop);
    walk(*source, part);
}

/// Takes over what the cursor says of an item besides: its partition, and what is wrong with where it came from.
void SegmentReader::take_notes(const FileCursor& cursor, const segment::Item& item, Part& part) {
    const auto& partition = cursor.partition();
    if (item.outcome == segment::Outcome::batch && partition && partition != reading_->partition) {
        flush(part);
        SegmentInfo info = *reading_;
        info.partition = partition;
        reading_ = std::make_shared<const SegmentInfo>(std::move(info));
        part.segment = reading_;
    }
    for (const std::string& warning : cursor.warnings()) {
        part.notes.push_back({.at = item.position.value, .what = warning});
    }
}

void SegmentReader::walk(io::ByteSource& source, const segment::SegmentPart& where) {
    io::Window window(source, where.start);
    Part part{.segment = reading_};
    source.before_wait = [&] {
        flush(part);
        jobs_->drain();
    };
    FileCursor cursor(window, where.start, options_.selection.max_batch_bytes, reading_->name);
    std::uint64_t batches = 0;
    std::optional<segment::Item> refused;
    bool whole = where.start.value == 0;
    while (!stopped()) {
        const auto item = cursor.next();
        if (!item) {
            interrupted_ = item.error().code == Errc::cancelled;
            if (!interrupted_) {
                report_.error(item.error().in_file(reading_->name));
            }
            whole = false;
            break;
        }
        if (item->outcome == segment::Outcome::end ||
            (item->outcome == segment::Outcome::torn_tail && options_.follow && stop_asked())) {
            break;
        }
        const io::Piece piece = cursor.piece();
        if (part.piece != piece || part.weight >= kPartBytes) {
            flush(part);
        }
        take_notes(cursor, *item, part);
        part.piece = piece;
        part.items.push_back(*item);
        if (item->outcome == segment::Outcome::batch) {
            ++batches;
            const bool packed = item->batch.header().codec_id() != 0;
            part.weight += packed ? item->size * kExpansion : item->size;
            if (item->crc_valid) {
                log_end_ = saturating_add(item->batch.header().last_offset(), 1);
                if (where.stop_at && item->position >= *where.stop_at &&
                    item->batch.header().last_offset() >= where.stop_offset) {
                    whole = false;
                    break;
                }
            }
        } else if (item->reason != segment::GapReason::torn_tail && item->reason != segment::GapReason::zero_fill) {
            refused = *item;
        }
        progress_.show(bytes_before_ + item->position.value);
    }
    flush(part);
    if (!whole || stopped()) {
        log_end_.reset();
    }
    if (batches == 0 && refused && where.start.value == 0) {
        jobs_->drain();
        report_.error({.code = Errc::corrupt,
                       .what = fmt::format("holds no record batch; {}", refused->describe_gap()),
                       .file = reading_->name,
                       .at = refused->position.value});
    }
}

}  // namespace kseg::tools
