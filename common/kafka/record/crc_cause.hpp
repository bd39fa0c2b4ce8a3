// SPDX-License-Identifier: Apache-2.0
// Why the stored CRC of a batch is not the computed one: a writer's wrong recipe, or one flipped bit.
// The causes are those of man/kseg-recrc.1, CAUSES.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/record/batch.hpp"

namespace kseg::record {

/// The bytes that a writer took the CRC over. Where they hold the CRC field, its four bytes count as zero.
enum class CrcRange : std::uint8_t {
    right,
    from_magic,           ///< magic 2 only; of magic 0 and 1 that is the right one
    from_crc,             ///< from the CRC field
    from_leader_epoch,    ///< magic 2 only
    whole_batch,          ///< from byte 0
    base_offset_changed,  ///< from byte 0, when the base offset was still 0
};

/// How a writer made a CRC. All at their defaults is the right way.
struct CrcRecipe {
    bool other_kind = false;  ///< CRC-32 IEEE for magic 2, CRC-32C for magic 0 and 1
    bool byte_swapped = false;
    CrcRange range = CrcRange::right;
    bool timestamp_type_flipped = false;  ///< taken while bit 3 of the attributes was the other way
};

struct CrcCause {
    enum class Kind : std::uint8_t { unknown, zero_crc, recipe, single_bit };

    Kind kind = Kind::unknown;
    CrcRecipe recipe{};
    /// Of single_bit: 8 x byte in the batch + bit, least significant bit 0.
    std::uint64_t bit = 0;
};

/// "zero_crc", "byte_swapped+range_from_crc" and so on.
/// magic   that of the batch: "crc32_ieee" is what is wrong for magic 2, "crc32c" for the others
std::string to_string(const CrcCause& cause, std::int8_t magic);

// What explains the stored CRC of a batch, the likeliest first; empty where nothing does. Flips in length and magic, which
// decide what is covered, are not looked at. crc_computed is batch.compute_crc(), which is not the stored one.

/// A CRC of zero, recipes with the fewest faults first, those with the timestamp type flipped behind them.
/// crc_other   the CRC of the other kind over the same bytes
/// Time: constant.
std::vector<CrcCause> explain_by_recipe(const BatchView& batch, std::uint32_t crc_computed, std::uint32_t crc_other);

/// Single bits of the covered bytes and of the CRC itself.
std::vector<CrcCause> explain_by_bit(const BatchView& batch, std::uint32_t crc_computed);

/// The kind of CRC that a magic does not use.
constexpr CrcKind other_crc_kind(std::int8_t magic) {
    return crc_kind(magic) == CrcKind::crc32c ? CrcKind::crc32_ieee : CrcKind::crc32c;
}

/// Whether a bit (as in CrcCause) is one of the stored CRC.
constexpr bool is_crc_bit(std::uint64_t bit, std::int8_t magic) {
    return bit / 8 >= crc_at(magic) && bit / 8 < crc_at(magic) + 4;
}

}  // namespace kseg::record
