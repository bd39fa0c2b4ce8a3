// SPDX-License-Identifier: Apache-2.0
#include "index/manifest_seal.hpp"

#include <fmt/format.h>

#include <cassert>
#include <charconv>

#include "base/crc.hpp"

namespace kseg::index {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20;
constexpr int kMostDepth = 8;
constexpr std::string_view kBeforeDigits = "\n  \"crc32c\": \"";
constexpr std::string_view kAfterDigits = "\"\n}\n";
constexpr std::string_view kNoDigits = "00000000";
constexpr std::size_t kTailBytes = kBeforeDigits.size() + kNoDigits.size() + kAfterDigits.size();

/// Where the digits are; nothing where the text does not end in them.
std::optional<std::size_t> digits_at(std::string_view text) {
    if (text.size() < kTailBytes) {
        return std::nullopt;
    }
    const std::string_view tail = text.substr(text.size() - kTailBytes);
    if (tail.substr(0, kBeforeDigits.size()) != kBeforeDigits ||
        tail.substr(kTailBytes - kAfterDigits.size()) != kAfterDigits) {
        return std::nullopt;
    }
    return text.size() - kAfterDigits.size() - kNoDigits.size();
}

/// CRC of a text with its digits, at `at`, taken as zeros.
std::uint32_t crc_without_digits(Bytes text, std::size_t at) {
    const std::uint32_t before = crc32c(as_bytes(kNoDigits), crc32c(text.first(at)));
    return crc32c(text.subspan(at + kNoDigits.size()), before);
}

/// The bracket that is nested too deep.
std::optional<std::size_t> too_deep(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            i += c == '\\' ? 1 : 0;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if ((c == '{' || c == '[') && ++depth > kMostDepth) {
            return i;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return std::nullopt;
}

Error corrupt(std::string what, std::uint64_t at) {
    return Error{.code = Errc::corrupt, .what = std::move(what), .at = at};
}

}  // namespace

std::string crc_text(std::uint32_t crc) {
    return fmt::format("{:08x}", crc);
}

std::optional<std::uint32_t> parse_crc_text(std::string_view text) {
    std::uint32_t crc = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), crc, 16);
    if (error != std::errc{} || crc_text(crc) != text) {
        return std::nullopt;
    }
    return crc;
}

void seal(std::string& manifest) {
    const auto at = digits_at(manifest);
    assert(at && manifest.substr(*at, kNoDigits.size()) == kNoDigits);
    manifest.replace(*at, kNoDigits.size(), crc_text(crc32c(as_bytes(manifest))));
}

Result<void> check_seal(Bytes manifest) {
    const std::string_view text = as_text(manifest);
    if (text.size() > kMostBytes) {
        return corrupt(fmt::format("manifest size; expected at most {}, got {}", kMostBytes, text.size()), kMostBytes);
    }
    const auto at = digits_at(text);
    if (!at) {
        return corrupt("manifest: no checksum at its end", text.size());
    }
    const std::string_view digits = text.substr(*at, kNoDigits.size());
    const std::uint32_t computed = crc_without_digits(manifest, *at);
    // Compared as text: there is one way to write a checksum.
    if (digits != crc_text(computed)) {
        return corrupt(
            fmt::format("manifest crc; expected 0x{:08x}, got 0x{:08x}", parse_crc_text(digits).value_or(0), computed),
            *at);
    }
    if (const auto bracket = too_deep(text)) {
        return corrupt("manifest: nested too deep", *bracket);
    }
    return {};
}

}  // namespace kseg::index
