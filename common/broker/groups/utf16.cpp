// SPDX-License-Identifier: Apache-2.0
#include "broker/groups/utf16.hpp"

#include <cassert>

#include "broker/groups/offsets_log.hpp"

namespace kseg::broker {

namespace {

constexpr std::uint32_t kReplacement = 0xfffd;
constexpr std::uint32_t kFirstSupplementary = 0x10000;

/// The code point that `text` begins with, and its bytes in `length`.
std::uint32_t code_point(std::string_view text, std::size_t& length) {
    const auto byte_at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const std::uint32_t lead = byte_at(0);
    length = 1;
    if (lead < 0x80) {
        return lead;
    }
    const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (more == 0 || text.size() <= more) {
        return kReplacement;
    }
    std::uint32_t value = lead & (0x3fU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
        if ((byte_at(i) & 0xc0U) != 0x80U) {
            return kReplacement;
        }
        value = value << 6U | (byte_at(i) & 0x3fU);
    }
    length = more + 1;
    return value;
}

template <typename Visit>
void each_unit(std::string_view text, Visit&& visit) {
    while (!text.empty()) {
        std::size_t length = 0;
        const std::uint32_t point = code_point(text, length);
        if (point >= kFirstSupplementary) {
            const std::uint32_t above = point - kFirstSupplementary;
            visit(0xd800U + (above >> 10U));
            visit(0xdc00U + (above & 0x3ffU));
        } else {
            visit(point);
        }
        text.remove_prefix(length);
    }
}

}  // namespace

std::size_t utf16_length(std::string_view text) {
    std::size_t length = 0;
    each_unit(text, [&](std::uint32_t) { ++length; });
    return length;
}

std::uint32_t java_hash(std::string_view text) {
    std::uint32_t hash = 0;
    each_unit(text, [&](std::uint32_t unit) { hash = hash * 31 + unit; });
    return hash;
}

std::int32_t partition_of_group(std::string_view group, std::int32_t count) {
    assert(count > 0);
    // Kafka clears the sign bit; it does not negate, which would leave the least number negative.
    return static_cast<std::int32_t>(java_hash(group) & 0x7fffffffU) % count;
}

}  // namespace kseg::broker
