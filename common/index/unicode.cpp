// SPDX-License-Identifier: Apache-2.0
#include "index/unicode.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace kseg::index {
namespace {

struct PointRange {
    char32_t first;
    char32_t last;
};

/// Scripts that are written without spaces.
constexpr std::array<PointRange, 20> kAlone{{
    {0x0e00, 0x0eff},                                                                // Thai, Lao
    {0x1000, 0x109f},                                                                // Myanmar
    {0x1780, 0x17ff},                                                                // Khmer
    {0x2e80, 0x2fdf},                                                                // Han radicals
    {0x3005, 0x3005},                                                                // Han marks and numerals
    {0x3007, 0x3007},   {0x3021, 0x3029},   {0x3038, 0x303b},     {0x3041, 0x3096},  // Hiragana
    {0x309d, 0x309f},   {0x30a1, 0x30fa},                                            // Katakana
    {0x30fc, 0x30ff},   {0x31f0, 0x31ff},   {0x3400, 0x4dbf},                        // Han
    {0x4e00, 0x9fff},   {0xf900, 0xfaff},   {0xff66, 0xff9f},                        // Katakana of half width
    {0x20000, 0x2fa1f}, {0x30000, 0x323af}, {0x110000, 0x110000},                    // behind all
}};

bool is_alone(char32_t point) {
    if (point < kAlone.front().first) {
        return false;
    }
    const auto* const range =
        std::find_if(kAlone.begin(), kAlone.end() - 1, [point](PointRange r) { return point <= r.last; });
    return point >= range->first;
}

CharKind cased_kind(utf8proc_propval_t category) {
    switch (category) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LT: return CharKind::upper;
        case UTF8PROC_CATEGORY_LL: return CharKind::lower;
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO: return CharKind::letter;
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO: return CharKind::digit;
        default: return CharKind::separator;
    }
}

CharTraits look_up(char32_t point) {
    constexpr std::uint16_t kNoFolding = 0xffff;
    const utf8proc_property_t& property = *utf8proc_get_property(static_cast<utf8proc_int32_t>(point));
    CharTraits traits;
    traits.folded = property.casefold_seqindex == kNoFolding;
    switch (property.category) {
        // U+FFFD is a symbol too, but stands for what could not be read, which separates.
        case UTF8PROC_CATEGORY_SO: traits.kind = point == 0xfffd ? CharKind::separator : CharKind::alone; break;
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ME: traits.kind = CharKind::mark; break;
        default: traits.kind = point == '_' ? CharKind::underscore : cased_kind(property.category);
    }
    if (traits.kind != CharKind::separator && traits.kind != CharKind::mark && is_alone(point)) {
        traits.kind = CharKind::alone;
    }
    return traits;
}

/// The traits of the planes that hold nearly all characters of any text, a byte each: three times as fast as looking up.
class TraitsTable {
  public:
    static constexpr std::size_t kPoints = 0x20000;

    TraitsTable() {
        for (std::size_t point = 0; point < kPoints; ++point) {
            const CharTraits traits = look_up(static_cast<char32_t>(point));
            table_[point] = static_cast<std::uint8_t>(static_cast<unsigned>(traits.kind) | (traits.folded ? kFolded : 0U));
        }
    }
    [[nodiscard]] CharTraits at(char32_t point) const {
        const std::uint8_t entry = table_[point];
        return {static_cast<CharKind>(entry & ~kFolded), (entry & kFolded) != 0};
    }

  private:
    static constexpr std::uint8_t kFolded = 0x80;
    std::array<std::uint8_t, kPoints> table_{};
};

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
    const std::size_t left = text.size() - at;
    const auto continues = [&](std::size_t i) { return i < left && (byte(i) & 0xc0U) == 0x80U; };
    const auto bits = [&](std::size_t i) { return char32_t{byte(i)} & 0x3fU; };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    if (lead < 0xc2 || lead > 0xf4 || !continues(1)) {
        return {};
    }
    if (lead < 0xe0) {
        return {(lead & 0x1fU) << 6 | bits(1), 2};
    }
    if (!continues(2)) {
        return {};
    }
    if (lead < 0xf0) {
        const char32_t point = (lead & 0x0fU) << 12 | bits(1) << 6 | bits(2);
        const bool fits = point >= 0x800 && (point < 0xd800 || point > 0xdfff);
        return fits ? Character{point, 3} : Character{};
    }
    const char32_t point = continues(3) ? (lead & 0x07U) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3) : 0;
    return point >= 0x10000 && point <= 0x10ffff ? Character{point, 4} : Character{};
}

CharTraits traits_of(char32_t point) {
    // Made when a text that is not ASCII needs it, in about a millisecond.
    static const TraitsTable table;
    return point < TraitsTable::kPoints ? table.at(point) : look_up(point);
}

void append_folded(std::string& out, char32_t point) {
    std::array<utf8proc_int32_t, 4> points{};  // full folding makes three at most
    int boundary = 0;
    const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(point), points.data(), points.size(),
                                               UTF8PROC_CASEFOLD, &boundary);
    for (std::size_t i = 0; i < points.size() && static_cast<utf8proc_ssize_t>(i) < count; ++i) {
        append_utf8(out, static_cast<char32_t>(points[i]));
    }
}

void append_utf8(std::string& out, char32_t point) {
    const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xc0 | point >> 6);
        put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        put(0xe0 | point >> 12);
        put(0x80 | (point >> 6 & 0x3f));
        put(0x80 | (point & 0x3f));
    } else {
        put(0xf0 | point >> 18);
        put(0x80 | (point >> 12 & 0x3f));
        put(0x80 | (point >> 6 & 0x3f));
        put(0x80 | (point & 0x3f));
    }
}

}  // namespace kseg::index
