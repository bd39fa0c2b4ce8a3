// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/bytes.hpp"

namespace kseg::fuzz {

/// Ends the run as a finding unless `holds`.
inline void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

inline Bytes bytes_of(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

/// Reads all of a byte string, so that a view outside its buffer shows under the sanitizers.
inline std::uint64_t touch(const NullableBytes& bytes) {
    std::uint64_t sum = bytes ? 1 : 0;
    for (const std::byte b : bytes.value_or(Bytes{})) {
        sum += to_u8(b);
    }
    return sum;
}

}  // namespace kseg::fuzz
