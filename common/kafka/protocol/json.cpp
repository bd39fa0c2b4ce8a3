// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "kafka/protocol/engine.hpp"
#include "kafka/protocol/fields.hpp"

namespace kseg::protocol {

namespace {

class Printer {
  public:
    Printer(ByteBuffer& out, Version version) : out_(out), version_(version) {}

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void structure(const Structure& type, const void* owner) {
        out_.push_back('{');
        bool is_first = true;
        for (const Field& field : type) {
            if (!field.versions.contains(version_) ||
                (field.tagged_in.contains(version_) && is_default(type, field, owner))) {
                continue;
            }
            out_.append(is_first ? std::string_view("\"") : std::string_view(",\""));
            out_.append(std::string_view(field.name));
            out_.append(std::string_view("\":"));
            value(field, value_of(field, field.member(owner)));
            is_first = false;
        }
        out_.push_back('}');
    }

  private:
    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void value(const Field& field, const void* at) {
        if (at == nullptr) {
            return out_.append(std::string_view("null"));
        }
        if (field.array == nullptr) {
            return element(field, at);
        }
        out_.push_back('[');
        for (std::size_t i = 0; i < field.array->size(at); ++i) {
            if (i != 0) {
                out_.push_back(',');
            }
            element(field, field.array->at(at, i));
        }
        out_.push_back(']');
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void element(const Field& field, const void* at) {
        switch (field.kind) {
            case Kind::boolean: return out_.append(std::string_view(load<bool>(at) ? "true" : "false"));
            case Kind::int8: return append_number(out_, load<std::int8_t>(at));
            case Kind::int16: return append_number(out_, load<std::int16_t>(at));
            case Kind::int32: return append_number(out_, load<std::int32_t>(at));
            case Kind::int64: return append_number(out_, load<std::int64_t>(at));
            case Kind::uuid: return append_json_string_lossy(out_, as_bytes(to_string(value_at<Uuid>(at))));
            case Kind::string: return append_json_string_lossy(out_, as_bytes(value_at<std::string>(at)));
            case Kind::bytes: return base64(value_at<Blob>(at));
            case Kind::records: return base64(value_at<Records>(at).bytes.value_or(Bytes{}));
            case Kind::structure: return structure(field.nested, at);
        }
    }

    void base64(Bytes content) {
        out_.push_back('"');
        append_base64(out_, content);
        out_.push_back('"');
    }

    ByteBuffer& out_;
    Version version_;
};

}  // namespace

void json_fields(const Schema& schema, const void* message, Version version, ByteBuffer& out) {
    Printer(out, version).structure(schema.root, message);
}

std::string to_string(const Uuid& uuid) {
    ByteBuffer padded;
    append_base64(padded, uuid.bytes);
    std::string text(padded.text().substr(0, padded.text().find('=')));
    for (char& c : text) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return text;
}

}  // namespace kseg::protocol
