// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/fields.hpp"

#include <algorithm>

namespace kseg::protocol {

namespace {

bool are_equal_records(const Records& a, const Records& b) {
    const bool same_bytes = a.bytes.has_value() == b.bytes.has_value() &&
                            (!a.bytes || std::equal(a.bytes->begin(), a.bytes->end(), b.bytes->begin(), b.bytes->end()));
    return same_bytes && a.external_size == b.external_size && a.external_id == b.external_id;
}

bool are_equal_elements(const Field& field, const void* a, const void* b);

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
bool are_equal_structs(const Structure& type, const void* a, const void* b) {
    for (const Field& inner : type) {
        if (!are_equal(inner, inner.member(a), inner.member(b))) {
            return false;
        }
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
bool are_equal_elements(const Field& field, const void* a, const void* b) {
    switch (field.kind) {
        case Kind::boolean: return load<bool>(a) == load<bool>(b);
        case Kind::int8: return load<std::int8_t>(a) == load<std::int8_t>(b);
        case Kind::int16: return load<std::int16_t>(a) == load<std::int16_t>(b);
        case Kind::int32: return load<std::int32_t>(a) == load<std::int32_t>(b);
        case Kind::int64: return load<std::int64_t>(a) == load<std::int64_t>(b);
        case Kind::uuid: return value_at<Uuid>(a) == value_at<Uuid>(b);
        case Kind::string: return value_at<std::string>(a) == value_at<std::string>(b);
        case Kind::bytes: return value_at<Blob>(a) == value_at<Blob>(b);
        case Kind::records: return are_equal_records(value_at<Records>(a), value_at<Records>(b));
        case Kind::structure: return are_equal_structs(field.nested, a, b);
    }
    return false;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
std::size_t least_struct_bytes(const Structure& type, Version version, bool flexible) {
    std::size_t sum = flexible ? 1 : 0;
    for (const Field& field : type) {
        if (!field.versions.contains(version) || field.tagged_in.contains(version)) {
            continue;
        }
        const bool compact = flexible && field.may_be_compact;
        if (field.array != nullptr) {
            sum += compact ? 1 : 4;
        } else if (field.kind == Kind::structure && field.optional != nullptr) {
            sum += 1;
        } else {
            sum += least_element_bytes(field, version, flexible);
        }
    }
    return sum;
}

}  // namespace

const void* value_of(const Field& field, const void* member) {
    if (field.optional != nullptr) {
        return field.optional->value(member);
    }
    if (field.kind == Kind::records && field.array == nullptr) {
        const auto& records = value_at<Records>(member);
        return records.bytes || records.external_size != 0 ? member : nullptr;
    }
    return member;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
bool are_equal(const Field& field, const void* a, const void* b) {
    a = value_of(field, a);
    b = value_of(field, b);
    if (a == nullptr || b == nullptr) {
        return a == b;
    }
    if (field.array == nullptr) {
        return are_equal_elements(field, a, b);
    }
    const std::size_t size = field.array->size(a);
    if (size != field.array->size(b)) {
        return false;
    }
    for (std::size_t i = 0; i < size; ++i) {
        if (!are_equal_elements(field, field.array->at(a, i), field.array->at(b, i))) {
            return false;
        }
    }
    return true;
}

bool is_default(const Structure& type, const Field& field, const void* owner) {
    return are_equal(field, field.member(owner), field.member(type.defaults()));
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
std::size_t least_element_bytes(const Field& field, Version version, bool flexible) {
    const bool compact = flexible && field.may_be_compact;
    switch (field.kind) {
        case Kind::boolean:
        case Kind::int8: return 1;
        case Kind::int16: return 2;
        case Kind::int32: return 4;
        case Kind::int64: return 8;
        case Kind::uuid: return sizeof(Uuid);
        case Kind::string: return compact ? 1 : 2;
        case Kind::bytes:
        case Kind::records: return compact ? 1 : 4;
        case Kind::structure: return std::max<std::size_t>(1, least_struct_bytes(field.nested, version, flexible));
    }
    return 1;
}

}  // namespace kseg::protocol
