// SPDX-License-Identifier: Apache-2.0
// Arithmetic that cannot overflow in silence, for numbers that come from input.
#pragma once

#include <cassert>
#include <cstdint>
#include <limits>
#include <utility>

namespace kseg {

/// Narrows a number that our own logic says must fit; asserts that it does. Not for input: check that first.
template <typename To, typename From>
constexpr To checked_cast(From value) {
    assert(std::in_range<To>(value));
    return static_cast<To>(value);
}

/// a + b modulo 2^64, as Java adds longs.
constexpr std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// a - b modulo 2^64, as Java subtracts longs.
constexpr std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

/// a + b, or the nearest end of the range.
constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) {
        return sum;
    }
    return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

}  // namespace kseg
