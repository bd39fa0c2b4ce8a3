// SPDX-License-Identifier: Apache-2.0
#include "part_printer.hpp"

#include <limits>
#include <utility>

namespace kseg::tools {
namespace {

// A part is printed once it holds this much; small enough that what is under way stays far below 64 MiB.
constexpr std::uint64_t kPartBytes = std::uint64_t{512} << 10;
constexpr std::uint64_t kExpansion = 8;  // of compressed batches, as a guess

}  // namespace

void Part::add(const segment::Item& item) {
    items.push_back(item);
    if (item.outcome == segment::Outcome::batch) {
        const bool packed = item.batch.header().codec_id() != 0;
        weight += packed ? item.size * kExpansion : item.size;
    }
}

bool Part::is_full() const {
    return weight >= kPartBytes;
}

PartPrinter::PartPrinter(const ReadOptions& options, io::Sink& sink, Report& report)
    : options_(options), sink_(sink), report_(report) {
    const bool alone =
        options.threads <= 1 || options.follow || options.selection.limit != std::numeric_limits<std::uint64_t>::max();
    jobs_ = std::make_unique<Jobs>(
        alone ? 0 : options.threads, [this] { return make_work(); }, [this](PrintedPart& part) { consume(part); });
}

PartPrinter::Jobs::Work PartPrinter::make_work() const {
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

void PartPrinter::write(Bytes bytes) {
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

void PartPrinter::end_segment() {
    if (consuming_) {
        if (damage_shown_) {
            report_.damage(consuming_->name, "damage found, shown in the output");
        }
        report_.end_file(consuming_->name);
    }
    damage_shown_ = false;
}

void PartPrinter::consume(PrintedPart& part) {
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

void PartPrinter::submit(Part& part) {
    if (part.items.empty()) {
        return;
    }
    Part full = std::move(part);
    part = Part{.segment = full.segment};
    jobs_->submit(std::move(full));
}

void PartPrinter::finish(bool whole) {
    if (!output_gone_) {
        jobs_->drain();
    }
    end_segment();
    if (options_.mode == Mode::summary && whole) {
        ByteBuffer out;
        if (options_.summary_json) {
            summary_.write_json(out);
        } else {
            summary_.write_text(out);
        }
        write(out.bytes());
    }
}

}  // namespace kseg::tools
