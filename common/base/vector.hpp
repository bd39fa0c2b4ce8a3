// SPDX-License-Identifier: Apache-2.0
// Sixteen bytes at a time: the compiler's vector types become SSE2 or NEON.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kseg {

using Vector = std::uint8_t __attribute__((vector_size(16)));

/// One bit for each byte of a comparison's result, the first byte's lowest.
inline std::uint32_t mask_of(Vector compared) {
#if defined(__SSE2__)
    return static_cast<std::uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(compared)));
#else
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), &compared, sizeof compared);
    // Gathers the top bit of each byte in the top byte.
    const auto gather = [](std::uint64_t half) {
        return (half & 0x8080808080808080U) / 0x80U * 0x0102040810204080U >> 56U;
    };
    return static_cast<std::uint32_t>(gather(halves[0]) | gather(halves[1]) << 8U);
#endif
}

}  // namespace kseg
