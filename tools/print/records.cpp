// SPDX-License-Identifier: Apache-2.0
// Records, one on a line: for people and as JSON.
#include <fmt/format.h>

#include "base/text.hpp"
#include "canonical/control.hpp"
#include "print/printer.hpp"

namespace kseg::tools {
namespace {

using namespace std::string_view_literals;

/// A byte string for people: quoted where it is text, else as hex.
void append_readable(ByteBuffer& out, const NullableBytes& bytes, canonical::BytesForm form) {
    if (!bytes) {
        out.append("null"sv);
    } else if (form == canonical::BytesForm::base64) {
        out.append("base64:"sv);
        append_base64(out, *bytes);
    } else if (form == canonical::BytesForm::utf8) {
        append_json_string_lossy(out, *bytes);
    } else if (form == canonical::BytesForm::hex || !append_json_string(out, *bytes)) {
        out.append("0x"sv);
        append_hex(out, *bytes);
    }
}

void append_text(ByteBuffer& out, const segment::Item& item, const record::RecordView& record, canonical::BytesForm form) {
    const record::BatchHeader& header = item.batch.header();
    append_number(out, record.offset);
    out.append("  "sv);
    append_time(out, record.timestamp);
    out.append("  "sv);
    append_readable(out, record.key, form);
    out.append("  "sv);
    append_readable(out, record.value, form);
    if (!record.headers.empty()) {
        out.append("  ["sv);
        bool first = true;
        record.headers.for_each([&](const record::HeaderView& h) {
            if (!first) {
                out.append(", "sv);
            }
            first = false;
            append_readable(out, h.key, form);
            out.push_back('=');
            append_readable(out, h.value, form);
        });
        out.push_back(']');
    }
    if (header.producer_id != -1) {
        out.append(fmt::format("  producer {}/{}", header.producer_id, header.producer_epoch));
        if (record.sequence != -1) {
            out.append(fmt::format(" seq {}", record.sequence));
        }
    }
    if (header.is_control()) {
        const canonical::ControlRecord control = canonical::parse_control(record);
        out.append(fmt::format("  control {}", canonical::control_name(control.type)));
    } else if (header.is_transactional()) {
        out.append("  transactional"sv);
    }
    if (!item.crc_valid) {
        out.append("  crc wrong"sv);
    }
    out.push_back('\n');
}

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
                append_text(printed.out, item, record, selection_.bytes);
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
