// SPDX-License-Identifier: Apache-2.0
// Batches and gaps, one on a line: for people and as JSON.
#include <fmt/format.h>

#include "base/text.hpp"
#include "print/printer.hpp"

namespace kseg::tools {
namespace {

using namespace std::string_view_literals;

/// What reading a batch's body adds to its header.
struct Body {
    std::int64_t base_offset = 0;
    std::int64_t last_offset = 0;
    std::optional<std::int64_t> records{};
    record::Problem problem = record::Problem::none;
};

/// Writes the fields of one JSON object; those that a format lacks are null.
class Fields {
  public:
    explicit Fields(ByteBuffer& out) : out_(out) { out_.push_back('{'); }

    void number(std::string_view name, std::optional<std::int64_t> value) {
        begin(name);
        if (value) {
            append_number(out_, *value);
        } else {
            out_.append("null"sv);
        }
    }
    void text(std::string_view name, std::optional<std::string_view> value) {
        begin(name);
        if (value) {
            append_json_string_lossy(out_, as_bytes(*value));
        } else {
            out_.append("null"sv);
        }
    }
    void boolean(std::string_view name, std::optional<bool> value) {
        begin(name);
        out_.append(value ? (*value ? "true"sv : "false"sv) : "null"sv);
    }
    void end(const SegmentInfo& segment) {
        if (segment.named_on_lines) {
            text("file", segment.name);
        }
        out_.append("}\n"sv);
    }

  private:
    void begin(std::string_view name) {
        out_.append(first_ ? R"(")"sv : R"(,")"sv);
        first_ = false;
        out_.append(name);
        out_.append(R"(":)"sv);
    }

    ByteBuffer& out_;
    bool first_ = true;
};

void append_json(ByteBuffer& out, const segment::Item& item, const Body& body, const SegmentInfo& segment) {
    const record::BatchHeader& h = item.batch.header();
    const bool v2 = !h.is_legacy();
    const auto if_v2 = [v2](std::int64_t value) { return v2 ? std::optional(value) : std::nullopt; };
    Fields fields(out);
    fields.number("position", static_cast<std::int64_t>(item.position.value));
    fields.number("size", static_cast<std::int64_t>(item.size));
    fields.number("magic", h.magic);
    fields.number("base_offset", body.base_offset);
    fields.number("last_offset", body.last_offset);
    fields.number("records", body.records);
    fields.text("codec", codec_name(h.codec_id()));
    fields.text("timestamp_type", to_string(h.timestamp_type()));
    fields.number("base_timestamp", if_v2(h.base_timestamp));
    fields.number("max_timestamp", h.max_timestamp);
    fields.number("leader_epoch", if_v2(h.partition_leader_epoch));
    fields.number("producer_id", if_v2(h.producer_id));
    fields.number("producer_epoch", if_v2(h.producer_epoch));
    fields.number("base_sequence", if_v2(h.base_sequence));
    fields.boolean("transactional", v2 ? std::optional(h.is_transactional()) : std::nullopt);
    fields.boolean("control", v2 ? std::optional(h.is_control()) : std::nullopt);
    fields.number("delete_horizon", h.has_delete_horizon() ? std::optional(h.base_timestamp) : std::nullopt);
    fields.text("crc", fmt::format("{:08x}", h.crc));
    fields.text("crc_computed", fmt::format("{:08x}", item.crc_computed));
    fields.boolean("valid", item.crc_valid);
    fields.text("problem", body.problem == record::Problem::none ? std::nullopt : std::optional(to_string(body.problem)));
    fields.end(segment);
}

void append_text(ByteBuffer& out, const segment::Item& item, const Body& body, const SegmentInfo& segment) {
    const record::BatchHeader& h = item.batch.header();
    if (segment.named_on_lines) {
        out.append(segment.name);
        out.append(": "sv);
    }
    out.append(fmt::format("{:>10} {:>8}  magic {}  ", item.position.value, item.size, h.magic));
    out.append(fmt::format("offsets {}-{}  records {}  {}  ", body.base_offset, body.last_offset,
                           body.records ? fmt::format("{}", *body.records) : "?", codec_name(h.codec_id())));
    append_time(out, h.max_timestamp);
    if (h.timestamp_type() == record::TimestampType::log_append) {
        out.append(" log append"sv);
    }
    if (!h.is_legacy()) {
        out.append(fmt::format("  epoch {}", h.partition_leader_epoch));
    }
    if (h.producer_id != -1) {
        out.append(fmt::format("  producer {}/{} seq {}", h.producer_id, h.producer_epoch, h.base_sequence));
    }
    out.append(h.is_transactional() ? "  transactional"sv : ""sv);
    out.append(h.is_control() ? "  control"sv : ""sv);
    if (h.has_delete_horizon()) {
        out.append("  delete horizon "sv);
        append_time(out, h.base_timestamp);
    }
    out.append(fmt::format("  crc {:08x}", h.crc));
    if (!item.crc_valid) {
        out.append(fmt::format(" WRONG, expected {:08x}", item.crc_computed));
    }
    if (body.problem != record::Problem::none) {
        out.append(fmt::format("  {}", to_string(body.problem)));
    }
    out.push_back('\n');
}

class BatchPrinter final : public Printer {
  public:
    BatchPrinter(const Selection& selection, bool jsonl) : Printer(selection), jsonl_(jsonl) {}

  private:
    void print_batch(const segment::Item& item, Printed& printed) override {
        if (!wanted(item)) {
            printed.damaged = printed.damaged || !item.crc_valid;
            return;
        }
        if (!take_one()) {
            return;
        }
        const Body body = read_body(item);
        printed.damaged = printed.damaged || !item.crc_valid || body.problem != record::Problem::none;
        if (jsonl_) {
            append_json(printed.out, item, body, segment_);
        } else {
            append_text(printed.out, item, body, segment_);
        }
    }

    Body read_body(const segment::Item& item) {
        const record::BatchHeader& h = item.batch.header();
        Body body{.base_offset = h.base_offset, .last_offset = h.last_offset()};
        if (!h.is_legacy()) {
            body.records = h.records_count;
        }
        if (selection_.shallow) {
            if (h.is_legacy() && h.codec_id() == 0) {
                body.records = 1;
            }
            return body;
        }
        reader_.open(item.batch);
        record::RecordView record;
        while (reader_.next(record)) {
            if (h.is_legacy()) {
                body.last_offset = record.offset;
            }
        }
        body.problem = reader_.problem();
        if (h.is_legacy()) {
            body.base_offset = reader_.base_offset();
            body.records = reader_.count();
        }
        return body;
    }

    void print_gap(const segment::Item& item, Printed& printed) override {
        printed.damaged = true;
        if (full()) {
            return;
        }
        if (jsonl_) {
            printed.out.append(R"({"gap":{"position":)"sv);
            append_number(printed.out, static_cast<std::int64_t>(item.position.value));
            printed.out.append(R"(,"size":)"sv);
            append_number(printed.out, static_cast<std::int64_t>(item.size));
            printed.out.append(fmt::format(R"(,"reason":"{}"}})", to_string(item.reason)));
            if (segment_.named_on_lines) {
                printed.out.append(R"(,"file":)"sv);
                append_json_string_lossy(printed.out, as_bytes(segment_.name));
            }
            printed.out.append("}\n"sv);
            return;
        }
        if (segment_.named_on_lines) {
            printed.out.append(segment_.name);
            printed.out.append(": "sv);
        }
        printed.out.append(fmt::format("{:>10} {:>8}  GAP {}\n", item.position.value, item.size, to_string(item.reason)));
    }

    bool jsonl_;
};

}  // namespace

std::unique_ptr<Printer> make_batch_printer(const Selection& selection, bool jsonl) {
    return std::make_unique<BatchPrinter>(selection, jsonl);
}

}  // namespace kseg::tools
