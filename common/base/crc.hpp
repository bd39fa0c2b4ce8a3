// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, for magic 2) and CRC-32 (IEEE 802.3, for magic 0 and 1), and the algebra to join and cut them.
// Both are the reflected kind with initial value and final exclusive-or of all ones.
#pragma once

#include <cstdint>
#include <optional>

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

/// Joins CRCs in front of one B of a fixed length: what crc_join() does, with the work for the length done once.
class CrcJoiner {
  public:
    CrcJoiner(CrcKind kind, std::uint64_t b_bytes);

    /// CRC of A followed by B.
    [[nodiscard]] std::uint32_t join(std::uint32_t crc_a, std::uint32_t crc_b) const;

  private:
    CrcKind kind_;
    std::uint32_t power_;
};

/// What the CRC changes by (exclusive-or) when one bit of the input is flipped, whatever the other bits are.
/// bit            0 is the least significant of its byte
/// bytes_behind   bytes of the input behind that byte
std::uint32_t crc_of_flip(CrcKind kind, unsigned bit, std::uint64_t bytes_behind);

/// The bit of an input of `bytes` bytes whose flip changes the CRC by `difference`, as 8 x byte + bit; nothing where no bit
/// does. Time: one step for each 512 bytes. From 256 MiB on (CRC-32 IEEE: 512 MiB) several bits change the CRC alike; then
/// the last of them is returned.
std::optional<std::uint64_t> find_flipped_bit(CrcKind kind, std::uint32_t difference, std::uint64_t bytes);

}  // namespace kseg
