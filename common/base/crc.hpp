// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, for magic 2) and CRC-32 (IEEE 802.3, for magic 0 and 1), and the algebra to join and cut them.
// Both are the reflected kind with initial value and final exclusive-or of all ones.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace kseg {

enum class CrcKind : std::uint8_t { crc32c, crc32_ieee };

/// CRC-32C of `bytes`; `before` is the CRC of what came before them. crc32c("123456789") = 0xe3069283.
std::uint32_t crc32c(Bytes bytes, std::uint32_t before = 0);

/// CRC-32 IEEE of `bytes`; `before` is the CRC of what came before them. crc32_ieee("123456789") = 0xcbf43926.
std::uint32_t crc32_ieee(Bytes bytes, std::uint32_t before = 0);

/// The one or the other.
std::uint32_t crc(CrcKind kind, Bytes bytes, std::uint32_t before = 0);

/// CRC of A followed by B, from the CRC of each and the length of B; time in the logarithm of that length.
std::uint32_t crc_join(CrcKind kind, std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t b_bytes);

/// CRC of B alone, from the CRC of A, that of A followed by B, and the length of B.
std::uint32_t crc_cut(CrcKind kind, std::uint32_t crc_a, std::uint32_t crc_ab, std::uint64_t b_bytes);

}  // namespace kseg
