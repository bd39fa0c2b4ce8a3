// SPDX-License-Identifier: Apache-2.0
// What the engine's parts share: how a value lies in memory, and what it takes at least on the wire.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"
#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

inline constexpr std::size_t kMaxStringBytes = INT16_MAX;

/// The integer, bool or enum with this underlying type at `at`.
template <typename T>
T load(const void* at) {
    T value{};
    std::memcpy(&value, at, sizeof value);
    return value;
}
template <typename T>
void store(void* at, T value) {
    std::memcpy(at, &value, sizeof value);
}

/// The value at `at`, which the table says is a T.
template <typename T>
const T& value_at(const void* at) {
    return *static_cast<const T*>(at);
}
template <typename T>
T& value_at(void* at) {
    return *static_cast<T*>(at);
}

/// Where a field's value is; nullptr where it is null.
const void* value_of(const Field& field, const void* member);

/// Whether two values of a field, null or not, are the same.
bool are_equal(const Field& field, const void* a, const void* b);

/// Whether the field of `owner`, a struct of type `type`, is as in a new instance.
bool is_default(const Structure& type, const Field& field, const void* owner);

/// Bytes that one element of an array of this field takes at least; 1 or more.
std::size_t least_element_bytes(const Field& field, Version version, bool flexible);

}  // namespace kseg::protocol
