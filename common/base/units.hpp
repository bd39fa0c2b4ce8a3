// SPDX-License-Identifier: Apache-2.0
// Numbers that must not be mixed up: a file offset counts bytes in a file and has a type of its own; a record offset
// numbers a record of a partition and is Kafka's plain 64-bit integer.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace kseg {

/// Bytes from the start of a file or stream.
struct FileOffset {
    std::uint64_t value = 0;

    friend auto operator<=>(const FileOffset&, const FileOffset&) = default;
    friend FileOffset operator+(FileOffset a, std::uint64_t bytes) { return {a.value + bytes}; }
    friend std::uint64_t operator-(FileOffset a, FileOffset b) { return a.value - b.value; }
};

inline constexpr std::int64_t kMaxRecordOffset = std::numeric_limits<std::int64_t>::max();

/// Milliseconds since 1970 in UTC; -1 is Kafka's "no timestamp".
using TimestampMs = std::int64_t;

}  // namespace kseg
