// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "kafka/protocol/engine.hpp"
#include "kafka/protocol/fields.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::protocol {

namespace {

/// Counts what it is given.
class CountingSink {
  public:
    void i8(std::int8_t /*value*/) { size_ += 1; }
    void i16(std::int16_t /*value*/) { size_ += 2; }
    void i32(std::int32_t /*value*/) { size_ += 4; }
    void i64(std::int64_t /*value*/) { size_ += 8; }
    void unsigned_varint(std::uint32_t value) { size_ += wire::unsigned_varint_bytes(value); }
    void bytes(Bytes value) { size_ += value.size(); }
    void hole(const Records& records) { size_ += records.external_size; }

    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    std::size_t size_ = 0;
};

/// Writes what it is given.
class OutputSink : public wire::Writer {
  public:
    explicit OutputSink(Output& out) : wire::Writer(out.bytes), out_(out) {}

    void hole(const Records& records) {
        if (records.external_size != 0) {
            out_.holes.push_back({out_.bytes.size(), records.external_size, records.external_id});
        }
    }

  private:
    Output& out_;
};

template <typename Sink>
class Encoder {
  public:
    Encoder(const Schema& schema, Version version, Sink& out)
        : schema_(schema), out_(out), version_(version), flexible_(schema.flexible.contains(version)) {}

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void structure(const Structure& type, const void* owner) {
        std::uint32_t tags = 0;
        for (const Field& field : type) {
            if (field.tagged_in.contains(version_)) {
                tags += is_default(type, field, owner) ? 0U : 1U;
            } else if (field.versions.contains(version_)) {
                value(field, field.member(owner));
            } else if (!field.is_ignorable && !is_default(type, field, owner)) {
                fail(Errc::unsupported, field, "cannot be carried");
            }
        }
        if (flexible_) {
            out_.unsigned_varint(tags);
            if (tags != 0) {
                tagged_fields(type, owner);
            }
        }
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void value(const Field& field, const void* member) {
        const void* const at = value_of(field, member);
        if (at == nullptr && !field.nullable_in.contains(version_)) {
            return fail(Errc::invalid, field, "is null");
        }
        if (field.array != nullptr) {
            const std::size_t elements = at == nullptr ? 0 : field.array->size(at);
            count(field, at == nullptr, elements);
            for (std::size_t i = 0; i < elements && !error_; ++i) {
                element(field, field.array->at(at, i));
            }
        } else if (field.kind == Kind::structure) {
            if (field.nullable_in.contains(version_)) {
                out_.i8(at == nullptr ? -1 : 1);
            }
            if (at != nullptr) {
                structure(field.nested, at);
            }
        } else if (at == nullptr) {
            length(field, true, 0);
        } else {
            element(field, at);
        }
    }

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  private:
    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void element(const Field& field, const void* at) {
        switch (field.kind) {
            case Kind::boolean: return out_.i8(load<bool>(at) ? 1 : 0);
            case Kind::int8: return out_.i8(load<std::int8_t>(at));
            case Kind::int16: return out_.i16(load<std::int16_t>(at));
            case Kind::int32: return out_.i32(load<std::int32_t>(at));
            case Kind::int64: return out_.i64(load<std::int64_t>(at));
            case Kind::uuid: return out_.bytes(value_at<Uuid>(at).bytes);
            case Kind::string: return sized(field, as_bytes(value_at<std::string>(at)));
            case Kind::bytes: return sized(field, value_at<Blob>(at));
            case Kind::structure: return structure(field.nested, at);
            case Kind::records: {
                const auto& records = value_at<Records>(at);
                const Bytes held = records.bytes.value_or(Bytes{});
                length(field, false, held.size() + records.external_size);
                out_.bytes(held);
                return out_.hole(records);
            }
        }
    }

    void sized(const Field& field, Bytes content) {
        length(field, false, content.size());
        out_.bytes(content);
    }

    /// The length of a string, or of a byte string.
    void length(const Field& field, bool is_null, std::uint64_t size) {
        if (field.kind != Kind::string) {
            return count(field, is_null, size);
        }
        if (size > kMaxStringBytes) {
            return fail(Errc::invalid, field, "is a string over 32767 bytes");
        }
        if (compact(field)) {
            out_.unsigned_varint(is_null ? 0 : static_cast<std::uint32_t>(size) + 1);
        } else {
            out_.i16(is_null ? std::int16_t{-1} : static_cast<std::int16_t>(size));
        }
    }

    /// The count of an array, or what is written like one.
    void count(const Field& field, bool is_null, std::uint64_t size) {
        if (size > std::numeric_limits<std::int32_t>::max()) {
            return fail(Errc::too_large, field, "is too large");
        }
        if (compact(field)) {
            out_.unsigned_varint(is_null ? 0 : static_cast<std::uint32_t>(size) + 1);
        } else {
            out_.i32(is_null ? -1 : static_cast<std::int32_t>(size));
        }
    }

    [[nodiscard]] bool compact(const Field& field) const { return flexible_ && field.may_be_compact; }

    /// Tables list tagged fields in any order; on the wire they ascend.
    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void tagged_fields(const Structure& type, const void* owner) {
        std::int64_t last = -1;
        for (std::size_t round = 0; round < type.count; ++round) {
            const Field* next = nullptr;
            for (const Field& field : type) {
                if (field.tagged_in.contains(version_) && field.tag > last && (next == nullptr || field.tag < next->tag)) {
                    next = &field;
                }
            }
            if (next == nullptr) {
                return;
            }
            last = next->tag;
            if (!is_default(type, *next, owner)) {
                tagged_field(*next, next->member(owner));
            }
        }
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void tagged_field(const Field& field, const void* member) {
        CountingSink counted;
        Encoder<CountingSink> measured(schema_, version_, counted);
        measured.value(field, member);
        if (counted.size() > std::numeric_limits<std::int32_t>::max()) {
            return fail(Errc::too_large, field, "is too large");
        }
        out_.unsigned_varint(field.tag);
        out_.unsigned_varint(static_cast<std::uint32_t>(counted.size()));
        value(field, member);
    }

    void fail(Errc code, const Field& field, std::string_view what) {
        if (!error_) {
            error_ = Error{code, fmt::format("{} version {}: field {} {}", schema_.name, version_, field.name, what)};
        }
    }

    const Schema& schema_;
    Sink& out_;
    Version version_;
    bool flexible_;
    std::optional<Error> error_;
};

Error no_version(const Schema& schema, Version version) {
    return {Errc::unsupported, fmt::format("{} has no version {}", schema.name, version)};
}

}  // namespace

Result<void> write_fields(const Schema& schema, const void* message, Version version, Output& out) {
    if (!schema.versions.contains(version)) {
        return no_version(schema, version);
    }
    const std::size_t old_size = out.bytes.size();
    const std::size_t old_holes = out.holes.size();
    OutputSink sink(out);
    Encoder encoder(schema, version, sink);
    encoder.structure(schema.root, message);
    if (encoder.error()) {
        out.bytes.resize(old_size);
        out.holes.resize(old_holes);
        return *encoder.error();
    }
    return {};
}

Result<std::size_t> measure_fields(const Schema& schema, const void* message, Version version) {
    if (!schema.versions.contains(version)) {
        return no_version(schema, version);
    }
    CountingSink sink;
    Encoder encoder(schema, version, sink);
    encoder.structure(schema.root, message);
    if (encoder.error()) {
        return *encoder.error();
    }
    return sink.size();
}

}  // namespace kseg::protocol
