// SPDX-License-Identifier: Apache-2.0
#include "archive/detect.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "archive/tar_header.hpp"

namespace kseg::archive {
namespace {

constexpr std::size_t kSumAt = 148;
constexpr std::size_t kSumBytes = 8;
constexpr std::size_t kMagicAt = 257;

bool begins(Bytes head, std::string_view with) {
    return as_text(head).starts_with(with);
}

/// The number that octal digits stand for, with blanks before them and a blank or a zero byte behind.
std::optional<std::int64_t> octal(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(begin);
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '7'; ++digits) {
        value = value * 8 + (text[digits] - '0');
    }
    const bool ends = digits == text.size() || text[digits] == ' ' || text[digits] == '\0';
    return digits != 0 && ends ? std::optional(value) : std::nullopt;
}

bool has_header_checksum(Bytes head) {
    if (head.size() < kTarBlockBytes) {
        return false;
    }
    const auto stored = octal(as_text(head.subspan(kSumAt, kSumBytes)));
    std::int64_t sum = 0;
    std::int64_t signed_sum = 0;  // as some old programs took it
    for (std::size_t i = 0; i < kTarBlockBytes; ++i) {
        const bool blank = i >= kSumAt && i < kSumAt + kSumBytes;
        const std::uint8_t value = blank ? std::uint8_t{' '} : to_u8(head[i]);
        sum += value;
        signed_sum += static_cast<std::int8_t>(value);
    }
    return stored && (*stored == sum || *stored == signed_sum);
}

}  // namespace

std::optional<Kind> kind_by_head(Bytes head) {
    using namespace std::string_view_literals;
    if (begins(head, "\x1f\x8b"sv)) {
        return Kind::plain_tar_gz;
    }
    const bool skippable = head.size() >= 4 && to_u8(head[0]) >> 4 == 5 && begins(head.subspan(1), "\x2a\x4d\x18"sv);
    if (begins(head, "\x28\xb5\x2f\xfd"sv) || skippable) {
        return Kind::plain_tar_zst;
    }
    const bool tar =
        head.size() >= kTarBlockBytes && begins(head.subspan(kMagicAt), "ustar"sv) && has_header_checksum(head);
    return tar ? std::optional(Kind::plain_tar) : std::nullopt;
}

bool begins_as_tar(Bytes head) {
    return has_header_checksum(head) ||
           (head.size() >= kTarBlockBytes &&
            std::all_of(head.begin(), head.begin() + kTarBlockBytes, [](std::byte b) { return b == std::byte{0}; }));
}

}  // namespace kseg::archive
