// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "index/json_scan.hpp"
#include "index/text.hpp"

namespace kseg::index {
namespace {

constexpr int kMostExponent = 400;

/// A number's pieces: the digits before and behind its point, and where its exponent moves the point.
struct Pieces {
    bool negative = false;
    std::string_view whole;
    std::string_view fraction;
    int exponent = 0;
    bool exponent_fits = true;
};

/// text   is a JSON number
Pieces take_apart(std::string_view text) {
    Pieces pieces;
    pieces.negative = text.starts_with('-');
    text.remove_prefix(pieces.negative ? 1 : 0);
    const std::size_t e = std::min(text.find_first_of("eE"), text.size());
    std::string_view exponent = text.substr(std::min(e + 1, text.size()));
    text = text.substr(0, e);
    const std::size_t point = std::min(text.find('.'), text.size());
    pieces.whole = text.substr(0, point);
    pieces.fraction = text.substr(std::min(point + 1, text.size()));
    const bool down = exponent.starts_with('-');
    exponent.remove_prefix(down || exponent.starts_with('+') ? 1 : 0);
    for (const char digit : exponent) {
        pieces.exponent = std::min(pieces.exponent * 10 + (digit - '0'), kMostExponent + 1);
    }
    pieces.exponent_fits = pieces.exponent <= kMostExponent;
    pieces.exponent = down ? -pieces.exponent : pieces.exponent;
    return pieces;
}

std::string canonical_of(const Pieces& pieces) {
    std::string digits(pieces.whole);
    digits += pieces.fraction;
    // Where the point is among the digits, which may have to be padded for it.
    std::size_t point = pieces.whole.size();
    if (pieces.exponent >= 0) {
        point += static_cast<std::size_t>(pieces.exponent);
        digits.resize(std::max(digits.size(), point), '0');
    } else {
        const auto left = static_cast<std::size_t>(-pieces.exponent);
        const std::size_t pad = left > point ? left - point : 0;
        digits.insert(0, pad, '0');
        point = point + pad - left;
    }
    const std::size_t begin = std::min(digits.find_first_not_of('0'), point);
    const std::size_t last = digits.find_last_not_of('0');
    std::string out;
    if (last == std::string::npos) {
        return "0";
    }
    if (pieces.negative) {
        out.push_back('-');
    }
    if (begin == point) {
        out.push_back('0');
    }
    out.append(digits, begin, point - begin);
    if (last >= point) {
        out.push_back('.');
        out.append(digits, point, last + 1 - point);
    }
    return out;
}

}  // namespace

std::optional<std::string> canonical_number(std::string_view text) {
    if (text.empty() || json_number_size(text) != text.size()) {
        return std::nullopt;
    }
    const Pieces pieces = take_apart(text);
    return pieces.exponent_fits ? std::optional(canonical_of(pieces)) : std::nullopt;
}

std::string_view number_word(std::string_view text, std::string& scratch) {
    // A whole number is as it should be, but for -0.
    if (text != "-0" && text.find_first_of(".eE") == std::string_view::npos) {
        return text;
    }
    const Pieces pieces = take_apart(text);
    if (pieces.exponent_fits) {
        scratch = canonical_of(pieces);
    } else {
        scratch = text;
        std::replace(scratch.begin(), scratch.end(), 'E', 'e');
    }
    return scratch;
}

int compare_numbers(std::string_view a, std::string_view b) {
    if (a.starts_with('-') != b.starts_with('-')) {
        return a.starts_with('-') ? -1 : 1;
    }
    if (a.starts_with('-')) {
        std::swap(a, b);
        a.remove_prefix(1);
        b.remove_prefix(1);
    }
    // Without zeros in front, the longer whole part is the larger one; and what is behind a point compares as text.
    const std::size_t whole_a = std::min(a.find('.'), a.size());
    const std::size_t whole_b = std::min(b.find('.'), b.size());
    if (whole_a != whole_b) {
        return whole_a < whole_b ? -1 : 1;
    }
    const int order = a.compare(b);
    return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

}  // namespace kseg::index
