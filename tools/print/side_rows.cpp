// SPDX-License-Identifier: Apache-2.0
#include "print/side_rows.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace kseg::tools {

void append_side_row(ByteBuffer& out, std::span<const segment::RowField> row, const SegmentInfo& info, bool jsonl) {
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

}  // namespace kseg::tools
