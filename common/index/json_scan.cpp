// SPDX-License-Identifier: Apache-2.0
#include "index/json_scan.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "base/vector.hpp"
#include "index/unicode.hpp"

namespace kseg::index {
namespace {

std::size_t digits_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') {
        ++end;
    }
    return end - at;
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/// text[at] is a backslash. The escape's size, 0 where it is none.
std::size_t escape_size(std::string_view text, std::size_t at) {
    if (at + 1 >= text.size()) {
        return 0;
    }
    if (text[at + 1] != 'u') {
        return std::string_view("\"\\/bfnrt").find(text[at + 1]) == std::string_view::npos ? 0 : 2;
    }
    constexpr std::size_t kSize = 6;
    if (text.size() - at < kSize) {
        return 0;
    }
    for (std::size_t i = at + 2; i < at + kSize; ++i) {
        if (!is_hex(text[i])) {
            return 0;
        }
    }
    return kSize;
}

/// Where the first byte from `at` on is that is not plain: a quote, a backslash, or one that no string holds.
std::size_t plain_end(std::string_view text, std::size_t at) {
    while (text.size() - at >= sizeof(Vector)) {
        Vector v;
        std::memcpy(&v, text.data() + at, sizeof v);
        const std::uint32_t mask = mask_of(reinterpret_cast<Vector>((v == '"') | (v == '\\') | (v < 0x20)));
        if (mask != 0) {
            return at + static_cast<std::size_t>(std::countr_zero(mask));
        }
        at += sizeof v;
    }
    while (at < text.size() && text[at] != '"' && text[at] != '\\' && static_cast<std::uint8_t>(text[at]) >= 0x20) {
        ++at;
    }
    return at;
}

char32_t hex4(std::string_view digits) {
    std::uint16_t value = 0;
    std::from_chars(digits.data(), digits.data() + 4, value, 16);
    return value;
}

bool is_high(char32_t point) {
    return point >= 0xd800 && point < 0xdc00;
}
bool is_low(char32_t point) {
    return point >= 0xdc00 && point < 0xe000;
}

}  // namespace

std::size_t json_number_size(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const std::size_t whole = digits_at(text, at);
    if (whole == 0) {
        return 0;
    }
    // A zero stands alone.
    at += text[at] == '0' ? 1 : whole;
    if (at < text.size() && text[at] == '.') {
        const std::size_t fraction = digits_at(text, at + 1);
        if (fraction == 0) {
            return 0;
        }
        at += 1 + fraction;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        const bool sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-');
        const std::size_t exponent = digits_at(text, at + 1 + (sign ? 1 : 0));
        if (exponent == 0) {
            return 0;
        }
        at += 1 + (sign ? 1 : 0) + exponent;
    }
    return at;
}

bool pass_json_string(std::string_view text, std::size_t& at, RawString& out) {
    const std::size_t begin = at;
    out.escapes = false;
    for (;;) {
        at = plain_end(text, at);
        if (at == text.size() || static_cast<std::uint8_t>(text[at]) < 0x20) {
            return false;
        }
        if (text[at] == '"') {
            out.inside = text.substr(begin, at - begin);
            ++at;
            return true;
        }
        out.escapes = true;
        const std::size_t size = escape_size(text, at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
}

void append_resolved(std::string& out, std::string_view inside) {
    while (!inside.empty()) {
        const std::size_t plain = std::min(inside.find('\\'), inside.size());
        out += inside.substr(0, plain);
        inside.remove_prefix(plain);
        if (inside.empty()) {
            return;
        }
        constexpr std::string_view kLetters = "\"\\/bfnrt";
        constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        if (const auto found = kLetters.find(inside[1]); found != std::string_view::npos) {
            out.push_back(kMeanings[found]);
            inside.remove_prefix(2);
            continue;
        }
        char32_t point = hex4(inside.substr(2));
        inside.remove_prefix(6);
        if (is_high(point) && inside.starts_with("\\u")) {
            if (const char32_t second = hex4(inside.substr(2)); is_low(second)) {
                point = 0x10000 + ((point - 0xd800) << 10) + (second - 0xdc00);
                inside.remove_prefix(6);
            }
        }
        if (is_high(point) || is_low(point)) {
            out += kReplacement;
        } else {
            append_utf8(out, point);
        }
    }
}

}  // namespace kseg::index
