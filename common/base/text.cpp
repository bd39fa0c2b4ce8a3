// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <limits>

namespace kseg {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Reads all of `text` as a decimal number.
template <typename T>
std::optional<T> whole_number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

/// Takes `count` digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count || text.front() < '0' || text.front() > '9') {
        return std::nullopt;
    }
    const auto value = whole_number<int>(text.substr(0, count));
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

/// Milliseconds of a clock time "hh:mm[:ss[.fraction]]".
std::optional<std::int64_t> take_clock(std::string_view& text) {
    const auto hours = take_digits(text, 2);
    if (!hours || !take(text, ':')) {
        return std::nullopt;
    }
    const auto minutes = take_digits(text, 2);
    std::optional<int> seconds = 0;
    std::int64_t ms = 0;
    if (take(text, ':')) {
        seconds = take_digits(text, 2);
        if (take(text, '.')) {
            int digits = 0;
            for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits) {
                ms = digits < 3 ? ms * 10 + (text.front() - '0') : ms;
            }
            if (digits == 0) {
                return std::nullopt;
            }
            for (; digits < 3; ++digits) {
                ms *= 10;
            }
        }
    }
    if (!minutes || !seconds || *hours > 24 || *minutes > 59 || *seconds > 60) {
        return std::nullopt;
    }
    return ((*hours * 60LL + *minutes) * 60 + *seconds) * 1000 + ms;
}

std::optional<TimestampMs> parse_rfc3339(std::string_view text) {
    const auto year = take_digits(text, 4);
    if (!year || !take(text, '-')) {
        return std::nullopt;
    }
    const auto month = take_digits(text, 2);
    if (!month || !take(text, '-')) {
        return std::nullopt;
    }
    const auto day = take_digits(text, 2);
    if (!day) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) {
        return std::nullopt;
    }
    std::int64_t ms = std::chrono::sys_days{date}.time_since_epoch().count() * 86'400'000LL;
    if (take(text, 'T') || take(text, 't') || take(text, ' ')) {
        const auto clock = take_clock(text);
        if (!clock) {
            return std::nullopt;
        }
        ms += *clock;
        const bool east = !text.empty() && text.front() == '+';
        if (take(text, '+') || take(text, '-')) {
            const auto hours = take_digits(text, 2);
            take(text, ':');
            const auto minutes = take_digits(text, 2);
            if (!hours || !minutes) {
                return std::nullopt;
            }
            const std::int64_t shift = (*hours * 60LL + *minutes) * 60'000;
            ms += east ? -shift : shift;
        } else if (!take(text, 'Z')) {
            take(text, 'z');
        }
    }
    return text.empty() ? std::optional(ms) : std::nullopt;
}

}  // namespace

void append_number(ByteBuffer& out, std::int64_t value) {
    constexpr std::size_t kMostDigits = 20;
    out.reserve_more(kMostDigits);
    char* begin = reinterpret_cast<char*>(out.data() + out.size());
    const auto end = std::to_chars(begin, begin + kMostDigits, value).ptr;
    out.resize(out.size() + static_cast<std::size_t>(end - begin));
}

void append_base64(ByteBuffer& out, Bytes bytes) {
    std::size_t i = 0;
    const auto digit = [](std::uint32_t bits) { return kBase64Digits[bits & 0x3fU]; };
    out.reserve_more((bytes.size() + 2) / 3 * 4);
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t group =
            (std::uint32_t{to_u8(bytes[i])} << 16) | (std::uint32_t{to_u8(bytes[i + 1])} << 8) | to_u8(bytes[i + 2]);
        const std::array<char, 4> digits{digit(group >> 18), digit(group >> 12), digit(group >> 6), digit(group)};
        out.append(std::string_view(digits.data(), digits.size()));
    }
    if (i + 1 == bytes.size()) {
        const std::uint32_t group = std::uint32_t{to_u8(bytes[i])} << 16;
        const std::array<char, 4> digits{digit(group >> 18), digit(group >> 12), '=', '='};
        out.append(std::string_view(digits.data(), digits.size()));
    } else if (i + 2 == bytes.size()) {
        const std::uint32_t group = (std::uint32_t{to_u8(bytes[i])} << 16) | (std::uint32_t{to_u8(bytes[i + 1])} << 8);
        const std::array<char, 4> digits{digit(group >> 18), digit(group >> 12), digit(group >> 6), '='};
        out.append(std::string_view(digits.data(), digits.size()));
    }
}

void append_hex(ByteBuffer& out, Bytes bytes) {
    out.reserve_more(bytes.size() * 2);
    for (const std::byte b : bytes) {
        out.push_back(kHexDigits[to_u8(b) >> 4U]);
        out.push_back(kHexDigits[to_u8(b) & 0x0fU]);
    }
}

std::optional<ByteBuffer> parse_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
        text.remove_suffix(1);
    }
    ByteBuffer bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t group = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const auto digit = kBase64Digits.find(c);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        group = ((group << 6) | static_cast<std::uint32_t>(digit)) & 0xffffU;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::byte>((group >> bits) & 0xffU));
        }
    }
    // A single digit left over is no byte, and the bits that are left over must be zero.
    return bits < 6 && (group & ((1U << bits) - 1)) == 0 ? std::optional(std::move(bytes)) : std::nullopt;
}

std::optional<ByteBuffer> parse_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    ByteBuffer bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        std::uint8_t value = 0;
        const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
        if (error != std::errc{} || end != text.data() + i + 2) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
}

void append_time(ByteBuffer& out, TimestampMs time) {
    constexpr std::int64_t kDayMs = 86'400'000;
    constexpr TimestampMs kYear0 = -62'167'219'200'000;      // 0000-01-01
    constexpr TimestampMs kYear10000 = 253'402'300'800'000;  // 10000-01-01
    if (time < kYear0 || time >= kYear10000) {
        append_number(out, time);
        return;
    }
    const std::int64_t days = (time - kYear0) / kDayMs + kYear0 / kDayMs;
    std::int64_t rest = time - days * kDayMs;
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    std::array<char, 24> text{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0',
                              '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'};
    const auto put = [&text](std::size_t last, std::int64_t value) {
        for (; value != 0; value /= 10, --last) {
            text[last] = static_cast<char>('0' + value % 10);
        }
    };
    put(3, int{date.year()});
    put(6, unsigned{date.month()});
    put(9, unsigned{date.day()});
    put(22, rest % 1000);
    rest /= 1000;
    put(18, rest % 60);
    put(15, rest / 60 % 60);
    put(12, rest / 3600);
    out.append(std::string_view(text.data(), text.size()));
}

std::optional<TimestampMs> parse_time(std::string_view text, TimestampMs now) {
    if (const auto ms = whole_number<std::int64_t>(text)) {
        return ms;
    }
    if (text.size() > 2 && (text.front() == '-' || text.front() == '+')) {
        const std::size_t digits = text.find_first_not_of("0123456789", 1);
        if (digits == std::string_view::npos) {
            return std::nullopt;
        }
        const auto count = whole_number<std::int64_t>(text.substr(1, digits - 1));
        const std::string_view unit = text.substr(digits);
        constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kUnits{
            {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}}};
        for (const auto& [name, unit_ms] : kUnits) {
            std::int64_t time = 0;
            if (count && unit == name && !__builtin_mul_overflow(*count, text.front() == '-' ? -unit_ms : unit_ms, &time) &&
                !__builtin_add_overflow(now, time, &time)) {
                return time;
            }
        }
        return std::nullopt;
    }
    return parse_rfc3339(text);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto count = whole_number<std::uint64_t>(text.substr(0, digits));
    std::string_view unit = text.substr(digits);
    if (!count) {
        return std::nullopt;
    }
    unsigned power = 0;
    if (!unit.empty()) {
        const std::size_t at = std::string_view("kKmMgG").find(unit.front());
        if (at != std::string_view::npos) {
            power = static_cast<unsigned>(at / 2 + 1) * 10;
            unit.remove_prefix(1);
        }
        if (!unit.empty() && unit != "B" && (power == 0 || unit != "iB")) {
            return std::nullopt;
        }
    }
    if (*count > std::numeric_limits<std::uint64_t>::max() >> power) {
        return std::nullopt;
    }
    return *count << power;
}

namespace {

/// Whether `c` is in the class that begins behind '[' at pattern[at]; sets `at` behind the closing ']'.
/// A class without an end matches nothing and leaves `at` as it is.
bool class_match(std::string_view pattern, std::size_t& at, char c) {
    std::size_t i = at + 1;
    const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
    i += negated ? 1 : 0;
    const auto code = static_cast<unsigned char>(c);
    bool found = false;
    for (bool first = true; i < pattern.size() && (first || pattern[i] != ']'); first = false) {
        const auto low = static_cast<unsigned char>(pattern[i]);
        auto high = low;
        if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
            high = static_cast<unsigned char>(pattern[i + 2]);
            i += 2;
        }
        found = found || (low <= code && code <= high);
        ++i;
    }
    if (i >= pattern.size()) {
        return false;
    }
    at = i + 1;
    return found != negated;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    // Where to go on when the part behind the last star does not fit here: one byte further in the text.
    std::size_t star = std::string_view::npos;
    std::size_t star_text = 0;
    while (t < text.size()) {
        std::size_t after = p + 1;
        bool match = false;
        if (p < pattern.size()) {
            switch (pattern[p]) {
                case '*':
                    star = p++;
                    star_text = t;
                    continue;
                case '?': match = true; break;
                case '[':
                    after = p;
                    match = class_match(pattern, after, text[t]);
                    break;
                case '\\':
                    match = p + 1 < pattern.size() && pattern[p + 1] == text[t];
                    after = p + 2;
                    break;
                default: match = pattern[p] == text[t];
            }
        }
        if (match) {
            p = after;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

}  // namespace kseg
