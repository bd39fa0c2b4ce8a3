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

/// a * x^-1: what a CRC was one bit earlier.
constexpr std::uint32_t step_back(std::uint32_t poly, std::uint32_t value) {
    return (value >> 31) != 0 ? ((value ^ poly) << 1) | 1U : value << 1;
}

/// Finds the exponent e of a flip's effect, poly * x^e, by small and large steps: the effects of the first kSmallSteps
/// bits from the end stand in a table, and the effect that is looked for is moved back by kSmallSteps bits at a time until
/// it is one of those.
class FlipFinder {
  public:
    static constexpr std::uint64_t kSmallSteps = 4096;

    explicit FlipFinder(std::uint32_t poly) {
        std::uint32_t effect = poly;
        std::uint32_t back = kOne;
        for (std::uint32_t e = 0; e < kSmallSteps; ++e) {
            insert(effect, e);
            effect = multiply(poly, effect, kOne >> 1);
            back = step_back(poly, back);
        }
        for (std::size_t byte = 0; byte < 4; ++byte) {
            for (std::uint32_t value = 0; value < 256; ++value) {
                large_step_[byte][value] = multiply(poly, value << (8 * byte), back);
            }
        }
    }

    [[nodiscard]] std::optional<std::uint64_t> exponent(std::uint32_t effect, std::uint64_t limit) const {
        for (std::uint64_t base = 0; base < limit; base += kSmallSteps) {
            if (const auto small = find(effect); small && base + *small < limit) {
                return base + *small;
            }
            effect = large_step_[0][effect & 0xff] ^ large_step_[1][effect >> 8 & 0xff] ^
                     large_step_[2][effect >> 16 & 0xff] ^ large_step_[3][effect >> 24];
        }
        return std::nullopt;
    }

  private:
    static constexpr std::size_t kSlotBits = 14;
    static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;
    struct Slot {
        std::uint32_t effect = 0;  // 0: free; no flip has no effect
        std::uint32_t exponent = 0;
    };

    static std::size_t slot_of(std::uint32_t effect) { return (effect * 0x9e3779b1U) >> (32 - kSlotBits); }

    void insert(std::uint32_t effect, std::uint32_t exponent) {
        std::size_t at = slot_of(effect);
        while (slots_[at].effect != 0) {
            at = (at + 1) % kSlots;
        }
        slots_[at] = {.effect = effect, .exponent = exponent};
    }

    [[nodiscard]] std::optional<std::uint64_t> find(std::uint32_t effect) const {
        for (std::size_t at = slot_of(effect); slots_[at].effect != 0; at = (at + 1) % kSlots) {
            if (slots_[at].effect == effect) {
                return slots_[at].exponent;
            }
        }
        return std::nullopt;
    }

    std::array<Slot, kSlots> slots_{};
    std::array<std::array<std::uint32_t, 256>, 4> large_step_{};
};

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

CrcJoiner::CrcJoiner(CrcKind kind, std::uint64_t b_bytes) : kind_(kind), power_(shift(kind, kOne, b_bytes)) {}

std::uint32_t CrcJoiner::join(std::uint32_t crc_a, std::uint32_t crc_b) const {
    return multiply(poly_of(kind_), power_, crc_a) ^ crc_b;
}

std::uint32_t crc_of_flip(CrcKind kind, unsigned bit, std::uint64_t bytes_behind) {
    return shift(kind, multiply(poly_of(kind), poly_of(kind), kOne >> (7 - bit)), bytes_behind);
}

std::optional<std::uint64_t> find_flipped_bit(CrcKind kind, std::uint32_t difference, std::uint64_t bytes) {
    static const FlipFinder crc32c_finder(kPolyCrc32c);
    static const FlipFinder ieee_finder(kPolyIeee);
    const auto exponent = (kind == CrcKind::crc32c ? crc32c_finder : ieee_finder).exponent(difference, 8 * bytes);
    if (difference == 0 || !exponent) {
        return std::nullopt;
    }
    // The last bit that the CRC takes in is the most significant one of the last byte.
    return 8 * (bytes - 1 - *exponent / 8) + (7 - *exponent % 8);
}

}  // namespace kseg
