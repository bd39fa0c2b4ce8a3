// SPDX-License-Identifier: Apache-2.0
#include "base/crc.hpp"

#include <isa-l/crc.h>

#include <algorithm>
#include <array>
#include <climits>

namespace kseg {
namespace {

// Reflected polynomials: bit 31 is the coefficient of x^0.
constexpr std::uint32_t kPolyCrc32c = 0x82f63b78;
constexpr std::uint32_t kPolyIeee = 0xedb88320;
constexpr std::uint32_t kOne = 0x80000000;

constexpr std::uint32_t poly_of(CrcKind kind) {
    return kind == CrcKind::crc32c ? kPolyCrc32c : kPolyIeee;
}

/// a * b modulo the polynomial, both reflected.
constexpr std::uint32_t multiply(std::uint32_t poly, std::uint32_t a, std::uint32_t b) {
    std::uint32_t product = 0;
    for (int bit = 31; bit >= 0; --bit) {
        product ^= b & (0U - ((a >> bit) & 1U));
        b = (b >> 1) ^ (poly & (0U - (b & 1U)));
    }
    return product;
}

/// Entry k is x^(8 * 2^k): what one appends to move a CRC by 2^k zero bytes.
constexpr std::array<std::uint32_t, 64> powers(std::uint32_t poly) {
    std::array<std::uint32_t, 64> table{};
    std::uint32_t power = kOne >> 8;
    for (std::uint32_t& entry : table) {
        entry = power;
        power = multiply(poly, power, power);
    }
    return table;
}

constexpr auto kPowersCrc32c = powers(kPolyCrc32c);
constexpr auto kPowersIeee = powers(kPolyIeee);

std::uint32_t shift(CrcKind kind, std::uint32_t value, std::uint64_t zero_bytes) {
    const auto& table = kind == CrcKind::crc32c ? kPowersCrc32c : kPowersIeee;
    for (std::size_t k = 0; zero_bytes != 0; ++k, zero_bytes >>= 1) {
        if ((zero_bytes & 1U) != 0) {
            value = multiply(poly_of(kind), table[k], value);
        }
    }
    return value;
}

}  // namespace

std::uint32_t crc32c(Bytes bytes, std::uint32_t before) {
    std::uint32_t state = ~before;
    while (!bytes.empty()) {
        // ISA-L takes an int length and, though it only reads, a pointer to non-const.
        const std::size_t part = std::min(bytes.size(), std::size_t{INT_MAX});
        auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
        state = crc32_iscsi(data, static_cast<int>(part), state);
        bytes = bytes.subspan(part);
    }
    return ~state;
}

std::uint32_t crc32_ieee(Bytes bytes, std::uint32_t before) {
    if (bytes.empty()) {
        return before;
    }
    return crc32_gzip_refl(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::uint32_t crc(CrcKind kind, Bytes bytes, std::uint32_t before) {
    return kind == CrcKind::crc32c ? crc32c(bytes, before) : crc32_ieee(bytes, before);
}

std::uint32_t crc_join(CrcKind kind, std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t b_bytes) {
    return shift(kind, crc_a, b_bytes) ^ crc_b;
}

std::uint32_t crc_cut(CrcKind kind, std::uint32_t crc_a, std::uint32_t crc_ab, std::uint64_t b_bytes) {
    return shift(kind, crc_a, b_bytes) ^ crc_ab;
}

}  // namespace kseg
