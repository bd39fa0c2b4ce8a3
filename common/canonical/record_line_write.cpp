// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "canonical/control.hpp"
#include "canonical/record_line.hpp"

namespace kseg::canonical {

void append_json_bytes(ByteBuffer& out, const NullableBytes& bytes, BytesForm form) {
    using namespace std::string_view_literals;
    if (!bytes) {
        out.append("null"sv);
        return;
    }
    switch (form) {
        case BytesForm::utf8: append_json_string_lossy(out, *bytes); return;
        case BytesForm::hex:
            out.append(R"({"hex":")"sv);
            append_hex(out, *bytes);
            out.append(R"("})"sv);
            return;
        case BytesForm::automatic:
            if (append_json_string(out, *bytes)) {
                return;
            }
            break;
        case BytesForm::base64: break;
    }
    out.append(R"({"base64":")"sv);
    append_base64(out, *bytes);
    out.append(R"("})"sv);
}

void RecordLineWriter::begin_segment(std::optional<std::string_view> topic, std::optional<std::int32_t> partition,
                                     std::optional<std::string_view> file) {
    prefix_.clear();
    prefix_.append(R"({"topic":)");
    append_json_bytes(prefix_, topic ? NullableBytes(as_bytes(*topic)) : std::nullopt, BytesForm::utf8);
    prefix_.append(R"(,"partition":)");
    if (partition) {
        append_number(prefix_, *partition);
    } else {
        prefix_.append("null");
    }
    prefix_.append(R"(,"offset":)");
    line_end_.clear();
    if (file) {
        line_end_.append(R"(,"file":)");
        append_json_string_lossy(line_end_, as_bytes(*file));
    }
    line_end_.append("}\n");
}

void RecordLineWriter::begin_batch(const record::BatchHeader& header, bool crc_valid) {
    time_type_.clear();
    time_type_.append(R"(,"timestamp_type":")");
    time_type_.append(to_string(header.timestamp_type()));
    time_type_.append(R"(","key":)");
    producer_.clear();
    batch_end_.clear();
    control_ = header.is_control();
    if (header.producer_id != -1 || header.producer_epoch != -1) {
        producer_.append(R"(,"producer_id":)");
        append_number(producer_, header.producer_id);
        producer_.append(R"(,"producer_epoch":)");
        append_number(producer_, header.producer_epoch);
    }
    if (header.is_transactional()) {
        batch_end_.append(R"(,"transactional":true)");
    }
    if (!crc_valid) {
        batch_end_.append(R"(,"crc_valid":false)");
    }
}

void RecordLineWriter::write(ByteBuffer& out, const record::RecordView& record) const {
    out.append(prefix_.bytes());
    append_number(out, record.offset);
    out.append(std::string_view(R"(,"timestamp":)"));
    append_number(out, record.timestamp);
    out.append(time_type_.bytes());
    append_json_bytes(out, record.key, form_);
    out.append(std::string_view(R"(,"value":)"));
    append_json_bytes(out, record.value, form_);
    if (record.headers.empty()) {
        out.append(std::string_view(R"(,"headers":[])"));
    } else {
        out.append(std::string_view(R"(,"headers":[)"));
        bool first = true;
        record.headers.for_each([&](const record::HeaderView& header) {
            out.append(first ? std::string_view(R"({"key":)") : std::string_view(R"(,{"key":)"));
            first = false;
            append_json_bytes(out, header.key, form_);
            out.append(std::string_view(R"(,"value":)"));
            append_json_bytes(out, header.value, form_);
            out.push_back('}');
        });
        out.push_back(']');
    }
    out.append(producer_.bytes());
    if (record.sequence != -1) {
        out.append(std::string_view(R"(,"sequence":)"));
        append_number(out, record.sequence);
    }
    out.append(batch_end_.bytes());
    if (record.attributes != 0) {
        out.append(std::string_view(R"(,"attributes":)"));
        append_number(out, record.attributes);
    }
    if (control_) {
        const ControlRecord control = parse_control(record);
        out.append(std::string_view(R"(,"control":{"type":")"));
        out.append(control_name(control.type));
        out.push_back('"');
        if (control.coordinator_epoch) {
            out.append(std::string_view(R"(,"coordinator_epoch":)"));
            append_number(out, *control.coordinator_epoch);
        }
        out.push_back('}');
    }
    out.append(line_end_.bytes());
}

}  // namespace kseg::canonical
