// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/crc_cause.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string_view>

#include "base/crc.hpp"

namespace kseg::record {
namespace {

constexpr std::size_t kRanges = 6;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kOffsetBytes = 8;
// The byte of bit 3 within the covered bytes: the low one of the attributes in magic 2, that behind the magic in 1.
constexpr std::size_t kTimestampTypeAt = 1;
constexpr unsigned kTimestampTypeBit = 3;

constexpr std::array<std::string_view, kRanges> kRangeNames{
    "", "range_from_magic", "range_from_crc", "range_from_leader_epoch", "range_whole_batch", "base_offset_changed"};

constexpr int faults(const CrcRecipe& recipe) {
    return (recipe.other_kind ? 1 : 0) + (recipe.byte_swapped ? 1 : 0) + (recipe.range != CrcRange::right ? 1 : 0);
}

/// Every wrong recipe in the order in which they are tried.
std::vector<CrcRecipe> make_recipes() {
    std::vector<CrcRecipe> all;
    for (const bool flipped : {false, true}) {
        const auto first = static_cast<std::ptrdiff_t>(all.size());
        for (const bool other_kind : {true, false}) {
            for (const bool byte_swapped : {true, false}) {
                for (std::size_t range = 0; range < kRanges; ++range) {
                    all.push_back({.other_kind = other_kind,
                                   .byte_swapped = byte_swapped,
                                   .range = static_cast<CrcRange>(range),
                                   .timestamp_type_flipped = flipped});
                }
            }
        }
        std::stable_sort(all.begin() + first, all.end(),
                         [](const CrcRecipe& a, const CrcRecipe& b) { return faults(a) < faults(b); });
    }
    all.erase(all.begin());  // the right one
    return all;
}

/// The CRCs of one kind over each range.
class RangeCrcs {
  public:
    RangeCrcs(CrcKind kind, const BatchView& batch, std::uint32_t crc_of_cover) {
        const std::int8_t magic = batch.header().magic;
        const std::size_t cover = crc_cover_at(magic);
        const std::size_t field = crc_at(magic);
        const CrcJoiner joiner(kind, batch.bytes().size() - cover);
        // The bytes in front of the cover, with the CRC field zero.
        std::array<std::byte, kCrcCoverAt> front{};
        std::copy_n(batch.bytes().begin(), field, front.begin());
        const auto from = [&](std::size_t at) {
            return joiner.join(crc(kind, Bytes(front).subspan(at, cover - at)), crc_of_cover);
        };
        at(CrcRange::right) = crc_of_cover;
        at(CrcRange::from_crc) = from(field);
        at(CrcRange::whole_batch) = from(0);
        if (magic >= 2) {
            at(CrcRange::from_magic) = from(kMagicAt);
            at(CrcRange::from_leader_epoch) = from(kLengthFieldEnd);
        }
        if (batch.header().base_offset != 0) {
            std::fill_n(front.begin(), kOffsetBytes, std::byte{0});
            at(CrcRange::base_offset_changed) = from(0);
        }
    }

    [[nodiscard]] std::optional<std::uint32_t> of(CrcRange range) const { return crcs_[static_cast<std::size_t>(range)]; }

  private:
    std::optional<std::uint32_t>& at(CrcRange range) { return crcs_[static_cast<std::size_t>(range)]; }

    std::array<std::optional<std::uint32_t>, kRanges> crcs_{};
};

}  // namespace

std::string to_string(const CrcCause& cause, std::int8_t magic) {
    switch (cause.kind) {
        case CrcCause::Kind::unknown: return "unknown";
        case CrcCause::Kind::zero_crc: return "zero_crc";
        case CrcCause::Kind::single_bit: return "single_bit";
        case CrcCause::Kind::recipe: break;
    }
    std::string name;
    const auto add = [&name](std::string_view part) {
        name += name.empty() ? "" : "+";
        name += part;
    };
    if (cause.recipe.other_kind) {
        add(magic >= 2 ? "crc32_ieee" : "crc32c");
    }
    if (cause.recipe.byte_swapped) {
        add("byte_swapped");
    }
    if (cause.recipe.range != CrcRange::right) {
        add(kRangeNames[static_cast<std::size_t>(cause.recipe.range)]);
    }
    if (cause.recipe.timestamp_type_flipped) {
        add("timestamp_type_flipped");
    }
    return name;
}

std::vector<CrcCause> explain_by_recipe(const BatchView& batch, std::uint32_t crc_computed, std::uint32_t crc_other) {
    static const std::vector<CrcRecipe> recipes = make_recipes();
    std::vector<CrcCause> causes;
    if (batch.header().crc == 0) {
        causes.push_back({.kind = CrcCause::Kind::zero_crc});
    }
    const std::int8_t magic = batch.header().magic;
    const std::array kinds{crc_kind(magic), other_crc_kind(magic)};
    const std::array ranges{RangeCrcs(kinds[0], batch, crc_computed), RangeCrcs(kinds[1], batch, crc_other)};
    const std::uint64_t behind = batch.bytes().size() - crc_cover_at(magic) - 1 - kTimestampTypeAt;
    const std::array flip{crc_of_flip(kinds[0], kTimestampTypeBit, behind),
                          crc_of_flip(kinds[1], kTimestampTypeBit, behind)};
    for (const CrcRecipe& recipe : recipes) {
        const std::size_t which = recipe.other_kind ? 1 : 0;
        const auto made = ranges[which].of(recipe.range);
        if (!made || (recipe.timestamp_type_flipped && magic == 0)) {
            continue;
        }
        const std::uint32_t value = *made ^ (recipe.timestamp_type_flipped ? flip[which] : 0);
        if ((recipe.byte_swapped ? __builtin_bswap32(value) : value) == batch.header().crc) {
            causes.push_back({.kind = CrcCause::Kind::recipe, .recipe = recipe});
        }
    }
    return causes;
}

std::vector<CrcCause> explain_by_bit(const BatchView& batch, std::uint32_t crc_computed) {
    std::vector<CrcCause> causes;
    const std::int8_t magic = batch.header().magic;
    const std::size_t cover = crc_cover_at(magic);
    const std::uint32_t difference = batch.header().crc ^ crc_computed;
    if (const auto bit = find_flipped_bit(crc_kind(magic), difference, batch.bytes().size() - cover)) {
        causes.push_back({.kind = CrcCause::Kind::single_bit, .bit = 8 * cover + *bit});
    }
    if (std::has_single_bit(difference)) {
        const auto bit = static_cast<std::uint64_t>(std::countr_zero(difference));
        const std::uint64_t byte = crc_at(magic) + (kCrcBytes - 1 - bit / 8);  // big-endian
        causes.push_back({.kind = CrcCause::Kind::single_bit, .bit = 8 * byte + bit % 8});
    }
    return causes;
}

}  // namespace kseg::record
