// SPDX-License-Identifier: Apache-2.0
#include "print/batch_line.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "print/printer.hpp"

namespace kseg::tools {

using namespace std::string_view_literals;

void JsonFields::number(std::string_view name, std::optional<std::int64_t> value) {
    begin(name);
    if (value) {
        append_number(out_, *value);
    } else {
        out_.append("null"sv);
    }
}

void JsonFields::text(std::string_view name, std::optional<std::string_view> value) {
    begin(name);
    if (value) {
        append_json_string_lossy(out_, as_bytes(*value));
    } else {
        out_.append("null"sv);
    }
}

void JsonFields::texts(std::string_view name, const std::vector<std::string>& values) {
    begin(name);
    out_.push_back('[');
    for (std::size_t i = 0; i < values.size(); ++i) {
        out_.append(i == 0 ? ""sv : ","sv);
        append_json_string_lossy(out_, as_bytes(values[i]));
    }
    out_.push_back(']');
}

void JsonFields::raw(std::string_view name, std::string_view json) {
    begin(name);
    out_.append(json);
}

void JsonFields::boolean(std::string_view name, std::optional<bool> value) {
    begin(name);
    out_.append(value ? (*value ? "true"sv : "false"sv) : "null"sv);
}

void JsonFields::end(std::optional<std::string_view> file) {
    if (file) {
        text("file", *file);
    }
    out_.append("}\n"sv);
}

void JsonFields::begin(std::string_view name) {
    out_.append(first_ ? R"(")"sv : R"(,")"sv);
    first_ = false;
    out_.append(name);
    out_.append(R"(":)"sv);
}

BatchBody read_batch_body(const record::BatchView& batch, record::RecordReader& reader, bool shallow) {
    const record::BatchHeader& h = batch.header();
    BatchBody body{.base_offset = h.base_offset, .last_offset = h.last_offset()};
    if (!h.is_legacy()) {
        body.records = h.records_count;
    }
    if (shallow) {
        if (h.is_legacy() && h.codec_id() == 0) {
            body.records = 1;
        }
        return body;
    }
    reader.open(batch);
    record::RecordView record;
    while (reader.next(record)) {
        if (h.is_legacy()) {
            body.last_offset = record.offset;
        }
    }
    body.problem = reader.problem();
    if (h.is_legacy()) {
        body.base_offset = reader.base_offset();
        body.records = reader.count();
    }
    return body;
}

void put_batch(JsonFields& fields, const segment::Item& item, const BatchBody& body) {
    const record::BatchHeader& h = item.batch.header();
    const bool v2 = !h.is_legacy();
    const auto if_v2 = [v2](std::int64_t value) { return v2 ? std::optional(value) : std::nullopt; };
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
}

void put_gap(JsonFields& fields, const segment::Item& item) {
    fields.raw("gap", fmt::format(R"({{"position":{},"size":{},"reason":"{}"}})", item.position.value, item.size,
                                  to_string(item.reason)));
}

void append_batch_text(ByteBuffer& out, const segment::Item& item, const BatchBody& body) {
    const record::BatchHeader& h = item.batch.header();
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
}

void append_gap_text(ByteBuffer& out, const segment::Item& item) {
    out.append(fmt::format("{:>10} {:>8}  GAP {}", item.position.value, item.size, to_string(item.reason)));
}

}  // namespace kseg::tools
