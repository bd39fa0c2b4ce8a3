// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <limits>

#include "base/json_reader.hpp"
#include "base/text.hpp"
#include "canonical/record_line.hpp"

namespace kseg::canonical {
namespace {

/// A byte string in any of the forms that RecordLineWriter writes.
std::optional<ByteBuffer> read_bytes(JsonReader& in) {
    if (in.take_null()) {
        return std::nullopt;
    }
    ByteBuffer bytes;
    if (!in.next_is('{')) {
        in.string(bytes);
        return bytes;
    }
    bool found = false;
    in.object([&](std::string_view form) {
        ByteBuffer text;
        const bool base64 = form == "base64";
        if (found || (!base64 && form != "hex")) {
            in.fail();
            return;
        }
        in.string(text);
        auto decoded = base64 ? parse_base64(text.text()) : parse_hex(text.text());
        if (!decoded) {
            in.fail();
            return;
        }
        bytes = std::move(*decoded);
        found = true;
    });
    if (!found) {
        in.fail();
    }
    return bytes;
}

template <typename T>
T read_number(JsonReader& in, std::int64_t least = std::numeric_limits<T>::min(),
              std::int64_t most = std::numeric_limits<T>::max()) {
    const std::int64_t value = in.integer();
    if (value < least || value > most) {
        in.fail();
        return {};
    }
    return static_cast<T>(value);
}

template <typename T>
std::optional<T> read_optional_number(JsonReader& in) {
    return in.take_null() ? std::nullopt : std::optional(read_number<T>(in));
}

record::TimestampType read_timestamp_type(JsonReader& in) {
    ByteBuffer name;
    in.string(name);
    for (const auto type :
         {record::TimestampType::none, record::TimestampType::create, record::TimestampType::log_append}) {
        if (name.text() == to_string(type)) {
            return type;
        }
    }
    in.fail();
    return {};
}

void read_headers(JsonReader& in, std::vector<EditableHeader>& headers) {
    in.array([&] {
        EditableHeader header;
        bool has_key = false;
        in.object([&](std::string_view name) {
            if (name == "key") {
                auto key = read_bytes(in);
                has_key = key.has_value();
                if (has_key) {
                    header.key = std::move(*key);
                }
            } else if (name == "value") {
                header.value = read_bytes(in);
            } else {
                in.skip();
            }
        });
        if (!has_key) {
            in.fail();
        }
        headers.push_back(std::move(header));
    });
}

}  // namespace

Result<RecordLine> parse_record_line(std::string_view text) {
    JsonReader in(text);
    RecordLine line;
    in.object([&](std::string_view name) {
        if (name == "key") {
            line.record.key = read_bytes(in);
        } else if (name == "value") {
            line.record.value = read_bytes(in);
        } else if (name == "headers") {
            read_headers(in, line.record.headers);
        } else if (name == "offset") {
            line.offset = read_optional_number<std::int64_t>(in);
            line.record.offset = line.offset.value_or(0);
        } else if (name == "timestamp") {
            line.timestamp = read_optional_number<std::int64_t>(in);
            line.record.stored_timestamp = line.timestamp.value_or(-1);
        } else if (name == "timestamp_type") {
            line.timestamp_type = read_timestamp_type(in);
        } else if (name == "topic") {
            if (!in.take_null()) {
                ByteBuffer topic;
                in.string(topic);
                line.topic = std::string(topic.text());
            }
        } else if (name == "partition") {
            line.partition = read_optional_number<std::int32_t>(in);
        } else if (name == "producer_id") {
            line.producer_id = read_number<std::int64_t>(in);
        } else if (name == "producer_epoch") {
            line.producer_epoch = read_number<std::int16_t>(in);
        } else if (name == "sequence") {
            line.sequence = read_number<std::int32_t>(in);
        } else if (name == "transactional") {
            line.transactional = in.boolean();
        } else if (name == "attributes") {
            line.record.attributes = read_number<std::uint8_t>(in);
        } else if (name == "control") {
            line.control = in.next_is('{');
            in.skip();
        } else {
            in.skip();
        }
    });
    in.expect_end();
    if (!in.ok()) {
        return Error{.code = Errc::corrupt, .what = "record line; not as expected here", .at = in.error_at()};
    }
    return line;
}

}  // namespace kseg::canonical
