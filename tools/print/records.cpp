// SPDX-License-Identifier: Apache-2.0
// Records, one on a line: for people and as JSON.
#include "print/printer.hpp"
#include "print/record_text.hpp"

namespace kseg::tools {
namespace {

using namespace std::string_view_literals;

class RecordPrinter final : public Printer {
  public:
    RecordPrinter(const Selection& selection, bool jsonl) : Printer(selection), jsonl_(jsonl), lines_(selection.bytes) {}

    void begin_segment(const SegmentInfo& segment) override {
        Printer::begin_segment(segment);
        const auto& partition = segment.partition;
        lines_.begin_segment(partition ? std::optional<std::string_view>(partition->topic) : std::nullopt,
                             partition ? std::optional(partition->partition) : std::nullopt,
                             segment.named_on_lines ? std::optional<std::string_view>(segment.name) : std::nullopt);
    }

  private:
    void print_batch(const segment::Item& item, Printed& printed) override {
        if (left_out(item, printed) || outside(item.batch.header())) {
            return;
        }
        reader_.open(item.batch);
        if (jsonl_) {
            lines_.begin_batch(item.batch.header(), item.crc_valid);
        }
        const bool all = selection_.range.everything() && !selection_.key_glob;
        record::RecordView record;
        while (reader_.next(record)) {
            if (!all && !wanted(record)) {
                continue;
            }
            if (!take_one()) {
                return;
            }
            if (jsonl_) {
                lines_.write(printed.out, record);
            } else {
                if (segment_.named_on_lines) {
                    printed.out.append(segment_.name);
                    printed.out.append(": "sv);
                }
                append_record_text(printed.out, item.batch.header(), item.crc_valid, record, selection_.bytes);
            }
        }
        note_problem(item, printed);
    }

    /// Whether the header alone says that no record is wanted.
    [[nodiscard]] bool outside(const record::BatchHeader& header) const {
        const segment::RecordRange& range = selection_.range;
        const bool before = range.first_offset && header.last_offset() < *range.first_offset;
        const bool behind = range.end_offset && !header.is_legacy() && header.base_offset >= *range.end_offset;
        return before || behind;
    }

    bool jsonl_;
    canonical::RecordLineWriter lines_;
};

}  // namespace

std::unique_ptr<Printer> make_record_printer(const Selection& selection, bool jsonl) {
    return std::make_unique<RecordPrinter>(selection, jsonl);
}

}  // namespace kseg::tools
