// SPDX-License-Identifier: Apache-2.0
#include "print/printer.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace kseg::tools {
namespace {

class RawPrinter final : public Printer {
  public:
    using Printer::Printer;

  private:
    void print_batch(const segment::Item& item, Printed& printed) override {
        if (!left_out(item, printed) && wanted(item) && take_one()) {
            printed.out.append(item.batch.bytes());
        }
    }
};

class SummaryPrinter final : public Printer {
  public:
    using Printer::Printer;

  private:
    void print_batch(const segment::Item& item, Printed& printed) override {
        printed.damaged = printed.damaged || !item.crc_valid;
        if (!wanted(item) || !take_one()) {
            return;
        }
        const record::BatchHeader& header = item.batch.header();
        Summary::Batch batch{
            .base_offset = header.base_offset, .last_offset = header.last_offset(), .records = header.records_count};
        if (!selection_.shallow) {
            reader_.open(item.batch);
            batch.base_offset = reader_.base_offset();
            record::RecordView record;
            while (reader_.next(record)) {
                batch.least_time = std::min(batch.least_time.value_or(record.timestamp), record.timestamp);
                batch.largest_time = std::max(batch.largest_time.value_or(record.timestamp), record.timestamp);
            }
            batch.records = reader_.count();
            batch.problem = reader_.problem() != record::Problem::none;
            printed.damaged = printed.damaged || batch.problem;
        }
        printed.summary.add_batch(item, batch);
    }

    void print_gap(const segment::Item& item, Printed& printed) override {
        printed.damaged = true;
        printed.summary.add_gap(item);
    }
};

}  // namespace

void Printed::clear() {
    out.clear();
    notes.clear();
    summary = Summary();
    damaged = false;
    full = false;
}

std::string codec_name(std::uint8_t id) {
    return id <= codec::kLastCodec ? std::string(to_string(static_cast<codec::Codec>(id))) : fmt::format("unknown_{}", id);
}

void Printer::print(const segment::Item& item, Printed& printed) {
    if (item.outcome == segment::Outcome::batch) {
        print_batch(item, printed);
    } else {
        print_gap(item, printed);
    }
    printed.full = full();
}

void Printer::print_gap(const segment::Item& item, Printed& printed) {
    printed.damaged = true;
    printed.notes.push_back({.at = item.position.value, .what = item.describe_gap()});
}

bool Printer::take_one() {
    if (left_ == 0) {
        return false;
    }
    --left_;
    return true;
}

bool Printer::wanted(const record::RecordView& record) const {
    if (!selection_.range.has_offset(record.offset) || !selection_.range.has_time(record.timestamp)) {
        return false;
    }
    return !selection_.key_glob || (record.key && glob_match(*selection_.key_glob, as_text(*record.key)));
}

bool Printer::wanted(const segment::Item& item) {
    const segment::RecordRange& range = selection_.range;
    if (range.everything() && !selection_.key_glob) {
        return true;
    }
    const record::BatchHeader& header = item.batch.header();
    const auto overlaps = [&range](std::int64_t first, std::int64_t last) {
        return (!range.first_offset || last >= *range.first_offset) && (!range.end_offset || first < *range.end_offset);
    };
    if (!overlaps(header.is_legacy() ? 0 : header.base_offset, header.last_offset())) {
        return false;
    }
    if (selection_.shallow) {
        // The header knows the latest time only.
        return !range.since || header.max_timestamp >= *range.since;
    }
    if (!header.is_legacy() && !range.by_time() && !selection_.key_glob) {
        return true;
    }
    reader_.open(item.batch);
    if (!range.by_time() && !selection_.key_glob) {
        return overlaps(reader_.base_offset(), header.last_offset());
    }
    record::RecordView record;
    while (reader_.next(record)) {
        if (wanted(record)) {
            return true;
        }
    }
    return false;
}

bool Printer::left_out(const segment::Item& item, Printed& printed) const {
    if (item.crc_valid) {
        return false;
    }
    printed.damaged = true;
    const record::BatchHeader& header = item.batch.header();
    const std::string_view fate = selection_.damaged ? "" : "; left out";
    printed.notes.push_back(
        {.at = item.position.value,
         .what = fmt::format("batch crc; expected 0x{:08x}, got 0x{:08x}{}", item.crc_computed, header.crc, fate)});
    return !selection_.damaged;
}

void Printer::note_problem(const segment::Item& item, Printed& printed) const {
    if (reader_.problem() != record::Problem::none) {
        printed.damaged = true;
        printed.notes.push_back({.at = item.position.value,
                                 .what = fmt::format("{}: {}", to_string(reader_.problem()), reader_.problem_text())});
    }
}

std::unique_ptr<Printer> make_printer(Mode mode, const Selection& selection) {
    switch (mode) {
        case Mode::records_text: return make_record_printer(selection, false);
        case Mode::records_jsonl: return make_record_printer(selection, true);
        case Mode::raw: return std::make_unique<RawPrinter>(selection);
        case Mode::batches_text: return make_batch_printer(selection, false);
        case Mode::batches_jsonl: return make_batch_printer(selection, true);
        case Mode::hexdump: return make_hexdump_printer(selection);
        case Mode::summary: return std::make_unique<SummaryPrinter>(selection);
    }
    return nullptr;
}

}  // namespace kseg::tools
