// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "kafka/protocol/engine.hpp"
#include "kafka/protocol/fields.hpp"
#include "kafka/protocol/message.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::protocol {

namespace {

class Decoder {
  public:
    Decoder(const Schema& schema, Bytes in, Version version)
        : in_(in), version_(version), flexible_(schema.flexible.contains(version)) {}

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void structure(const Structure& type, void* owner) {
        for (const Field& field : type) {
            if (field.versions.contains(version_) && !field.tagged_in.contains(version_)) {
                field_value(field, field.member_of(owner));
            }
        }
        if (flexible_) {
            tagged_fields(type, owner);
        }
    }

    Result<void> finish(const Schema& schema, std::size_t& used) const {
        used = in_.consumed();
        if (in_.ok()) {
            return {};
        }
        return Error{too_large_ ? Errc::too_large : Errc::corrupt,
                     fmt::format("{} version {}: field {} {}", schema.name, version_, failed_ != nullptr ? failed_ : "tags",
                                 too_large_ ? "takes too much memory" : "does not fit"),
                     {},
                     failed_at_};
    }

  private:
    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void field_value(const Field& field, void* member) {
        const std::size_t at = in_.consumed();
        if (field.array != nullptr) {
            array(field, member);
        } else {
            element(field, member);
        }
        // The innermost field that failed, since it is left first.
        if (!in_.ok() && failed_ == nullptr) {
            failed_ = field.name;
            failed_at_ = at;
        }
    }

    /// Where a value that is not null goes.
    static void* fresh(const Field& field, void* member) {
        return field.optional != nullptr ? field.optional->emplace(member) : member;
    }

    void null(const Field& field, void* member) {
        if (!field.nullable_in.contains(version_)) {
            in_.fail();
        } else if (field.optional != nullptr) {
            field.optional->reset(member);
        }
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void array(const Field& field, void* member) {
        const std::int64_t count = compact(field) ? compact_length() : in_.i32();
        if (count < 0 || !in_.ok()) {
            return count == -1 && in_.ok() ? null(field, member) : in_.fail();
        }
        const auto elements = static_cast<std::size_t>(count);
        if (elements > in_.left() / least_element_bytes(field, version_, flexible_)) {
            return in_.fail();
        }
        if (elements > budget_ / field.array->element_size) {
            too_large_ = true;
            return in_.fail();
        }
        budget_ -= elements * field.array->element_size;
        void* const out = fresh(field, member);
        field.array->reserve(out, elements);
        for (std::size_t i = 0; i < elements && in_.ok(); ++i) {
            array_element(field, field.array->append(out));
        }
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void array_element(const Field& field, void* out) {
        if (field.kind == Kind::structure) {
            return structure(field.nested, out);
        }
        scalar(field, out);
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void element(const Field& field, void* member) {
        switch (field.kind) {
            case Kind::string:
            case Kind::bytes:
            case Kind::records: return sized(field, member);
            case Kind::structure:
                if (field.nullable_in.contains(version_) && in_.i8() < 0) {
                    return null(field, member);
                }
                return structure(field.nested, fresh(field, member));
            default: return scalar(field, fresh(field, member));
        }
    }

    /// A value that an array can have as element and that is no struct.
    void scalar(const Field& field, void* out) {
        switch (field.kind) {
            case Kind::boolean: store<bool>(out, in_.i8() != 0); break;
            case Kind::int8: store<std::int8_t>(out, in_.i8()); break;
            case Kind::int16: store<std::int16_t>(out, in_.i16()); break;
            case Kind::int32: store<std::int32_t>(out, in_.i32()); break;
            case Kind::int64: store<std::int64_t>(out, in_.i64()); break;
            case Kind::uuid: {
                const Bytes raw = in_.bytes(sizeof(Uuid));
                std::copy(raw.begin(), raw.end(), value_at<Uuid>(out).bytes.begin());
                break;
            }
            case Kind::string: {
                const NullableBytes raw = sized_bytes(field);
                if (raw) {
                    value_at<std::string>(out).assign(as_text(*raw));
                } else {
                    in_.fail();
                }
                break;
            }
            default: in_.fail(); break;
        }
    }

    void sized(const Field& field, void* member) {
        const NullableBytes raw = sized_bytes(field);
        if (!in_.ok()) {
            return;
        }
        if (!raw) {
            return null(field, member);
        }
        void* const out = fresh(field, member);
        if (field.kind == Kind::string) {
            value_at<std::string>(out).assign(as_text(*raw));
        } else if (field.kind == Kind::bytes) {
            value_at<Blob>(out).assign(raw->begin(), raw->end());
        } else {
            value_at<Records>(out).bytes = raw;
        }
    }

    NullableBytes sized_bytes(const Field& field) {
        std::int64_t length = 0;
        if (compact(field)) {
            length = compact_length();
        } else {
            length = field.kind == Kind::string ? in_.i16() : in_.i32();
        }
        if (length == -1 || !in_.ok()) {
            return std::nullopt;
        }
        if (length < 0 || (field.kind == Kind::string && static_cast<std::size_t>(length) > kMaxStringBytes)) {
            in_.fail();
            return std::nullopt;
        }
        return in_.bytes(static_cast<std::uint64_t>(length));
    }

    std::int64_t compact_length() { return static_cast<std::int64_t>(in_.unsigned_varint()) - 1; }

    [[nodiscard]] bool compact(const Field& field) const { return flexible_ && field.may_be_compact; }

    /// The section behind a struct of a flexible version: tags in ascending order, each with its size. Unknown ones are
    /// passed over.
    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void tagged_fields(const Structure& type, void* owner) {
        const std::uint32_t count = in_.unsigned_varint();
        std::int64_t last = -1;
        for (std::uint32_t i = 0; i < count && in_.ok(); ++i) {
            const std::uint32_t tag = in_.unsigned_varint();
            const Bytes content = in_.bytes(in_.unsigned_varint());
            if (!in_.ok() || tag <= last) {
                return in_.fail();
            }
            last = tag;
            const auto* const field = std::find_if(type.begin(), type.end(), [this, tag](const Field& candidate) {
                return candidate.tag == tag && candidate.tagged_in.contains(version_);
            });
            if (field != type.end()) {
                tagged_value(*field, field->member_of(owner), content);
            }
        }
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void tagged_value(const Field& field, void* member, Bytes content) {
        wire::Reader outer = in_;
        in_ = wire::Reader(content);
        field_value(field, member);
        if (!in_.ok() || in_.left() != 0) {
            outer.fail();
        }
        in_ = outer;
    }

    wire::Reader in_;
    Version version_;
    bool flexible_;
    bool too_large_ = false;
    std::size_t budget_ = kMaxDecodedBytes;
    const char* failed_ = nullptr;
    std::size_t failed_at_ = 0;
};

}  // namespace

Result<void> read_fields(const Schema& schema, void* message, Bytes in, Version version, std::size_t& used) {
    if (!schema.versions.contains(version)) {
        return Error{Errc::unsupported, fmt::format("{} has no version {}", schema.name, version)};
    }
    Decoder decoder(schema, in, version);
    decoder.structure(schema.root, message);
    return decoder.finish(schema, used);
}

Result<Version> leading_version(Bytes in) {
    wire::Reader reader(in);
    const Version version = reader.i16();
    if (!reader.ok()) {
        return Error{Errc::corrupt, "no version before the message"};
    }
    return version;
}

}  // namespace kseg::protocol
