// SPDX-License-Identifier: Apache-2.0
#include "print/record_text.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "canonical/control.hpp"

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

}  // namespace

void append_record_text(ByteBuffer& out, const record::BatchHeader& header, bool crc_valid,
                        const record::RecordView& record, canonical::BytesForm form) {
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
    if (!crc_valid) {
        out.append("  crc wrong"sv);
    }
    out.push_back('\n');
}

}  // namespace kseg::tools
