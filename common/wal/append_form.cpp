// SPDX-License-Identifier: Apache-2.0
#include "wal/append_form.hpp"

#include <algorithm>
#include <array>

#include "base/json_reader.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/wire/reader.hpp"
#include "wal/chronik_files.hpp"
#include "wal/chronik_record.hpp"

namespace kseg::wal {
namespace {

constexpr std::string_view kChronikMagic = "\x7e\xca";

/// The keys that a record line may have; an object with others is a value that happens to be JSON.
constexpr std::array<std::string_view, 16> kRecordKeys{
    "topic", "partition",   "offset",         "timestamp", "timestamp_type", "key",     "value",      "headers",
    "file",  "producer_id", "producer_epoch", "sequence",  "transactional",  "control", "attributes", "crc_valid"};

bool is_record_line(std::string_view line) {
    JsonReader in(line);
    bool known = true;
    bool has_value = false;
    in.object([&](std::string_view name) {
        known = known && std::ranges::find(kRecordKeys, name) != kRecordKeys.end();
        has_value = has_value || name == "value";
        in.skip();
    });
    in.expect_end();
    return in.ok() && known && has_value;
}

/// Whether bytes begin as a batch or message does.
bool is_batch(Bytes head) {
    wire::Reader in(head);
    const std::int64_t offset = in.i64();
    const std::int32_t length = in.i32();
    in.i32();
    const std::int8_t magic = in.i8();
    return in.ok() && offset >= 0 && magic >= 0 && magic <= 2 &&
           length + static_cast<std::int64_t>(record::kLengthFieldEnd) >=
               static_cast<std::int64_t>(record::header_bytes(magic));
}

AppendForm form_of_object(std::string_view text, bool at_end) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos && !at_end) {
        return text.size() > kMostLineBytes ? AppendForm::lines : AppendForm::automatic;
    }
    return is_record_line(text.substr(0, end)) ? AppendForm::jsonl : AppendForm::lines;
}

}  // namespace

AppendForm form_of(std::string_view file_name, Bytes head, bool at_end) {
    if (is_chronik_name(file_name)) {
        return AppendForm::batches;
    }
    const std::string_view text = as_text(head);
    if (text.empty()) {
        // Nothing is of any form, and record lines take all options.
        return at_end ? AppendForm::jsonl : AppendForm::automatic;
    }
    if (text.front() == '{') {
        return form_of_object(text, at_end);
    }
    if (text.front() == '\0') {
        const bool tells = text.size() >= record::kFrameBytes || at_end;
        return !tells ? AppendForm::automatic : (is_batch(head) ? AppendForm::batches : AppendForm::lines);
    }
    if (kChronikMagic.starts_with(text.substr(0, kChronikMagic.size()))) {
        const bool tells = text.size() >= kChronikV1HeaderBytes || at_end;
        return !tells ? AppendForm::automatic : (looks_like_chronik(head) ? AppendForm::batches : AppendForm::lines);
    }
    return AppendForm::lines;
}

}  // namespace kseg::wal
