// SPDX-License-Identifier: Apache-2.0
#include "index/needle.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace kseg::index {
namespace {

// A single letter is found in nearly every text.
constexpr std::size_t kLeastLetters = 2;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

/// Calls run(letters) for each run of ASCII letters, digits and signs of `others` in a folded text.
template <typename Run>
void for_each_run(std::string_view text, std::string_view others, Run&& run) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        while (at < text.size() &&
               (is_letter(text[at]) || is_digit(text[at]) || others.find(text[at]) != std::string_view::npos)) {
            ++at;
        }
        run(text.substr(begin, at - begin));
        ++at;
    }
}

void keep_longer(Needle& needle, std::string_view run) {
    if (run.size() >= kLeastLetters && run.size() > needle.text.size()) {
        needle.text = run;
    }
}

/// What a byte is or-ed with before it is compared: letters are found in either case.
std::uint8_t case_bit(char c) {
    return is_letter(c) ? 0x20 : 0;
}

bool stands_at(const std::uint8_t* text, std::string_view needle) {
    for (std::size_t i = 0; i < needle.size(); ++i) {
        if ((text[i] | case_bit(needle[i])) != static_cast<std::uint8_t>(needle[i])) {
            return false;
        }
    }
    return true;
}

bool has_byte_over_7f(std::string_view text) {
    std::uint8_t all = 0;
    for (const char c : text) {
        all |= static_cast<std::uint8_t>(c);
    }
    return (all & 0x80U) != 0;
}

/// Whether one of the characters begins here whose folding holds ASCII: sharp s, the long s, the Kelvin sign, ligatures and
/// the like. May be true of a few others.
bool folds_to_ascii(std::uint8_t first, std::uint8_t second, std::uint8_t third) {
    switch (first) {
        case 0xc3: return second == 0x9f;                    // U+00DF
        case 0xc4: return second == 0xb0;                    // U+0130
        case 0xc5: return second == 0x89 || second == 0xbf;  // U+0149, U+017F
        case 0xc7: return second == 0xb0;                    // U+01F0
        case 0xe1: return second == 0xba;                    // U+1E96 to U+1E9A, U+1E9E
        case 0xe2: return second == 0x84 && third == 0xaa;   // U+212A
        case 0xef: return second == 0xac;                    // U+FB00 to U+FB06
        default: return false;
    }
}

}  // namespace

Needle needle_of_words(const WordsClause& clause) {
    Needle needle;
    const bool path = clause.field.kind == TextField::Kind::path;
    if (clause.number) {
        return needle;
    }
    for (const QueryWord& word : clause.words) {
        for_each_run(word.text, "_", [&](std::string_view run) {
            if (!path || !std::all_of(run.begin(), run.end(), is_digit)) {
                keep_longer(needle, run);
            }
        });
    }
    return needle;
}

Needle needle_of_path(std::string_view name) {
    Needle needle;
    for_each_run(name, "_-", [&](std::string_view run) { keep_longer(needle, run); });
    return needle;
}

bool shows_ascii(std::string_view text) {
    if (text.find("\\u") != std::string_view::npos) {
        return false;
    }
    if (!has_byte_over_7f(text)) {
        return true;
    }
    const auto at = [text](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (at(i) >= 0xc3 && folds_to_ascii(at(i), at(i + 1), at(i + 2))) {
            return false;
        }
    }
    return true;
}

bool has_needle(std::string_view text, const Needle& needle) {
    constexpr std::size_t kBlock = 32;
    const std::string_view letters = needle.text;
    if (letters.empty() || text.size() < letters.size()) {
        return letters.empty();
    }
    const auto* begin = reinterpret_cast<const std::uint8_t*>(text.data());
    const std::size_t last = letters.size() - 1;
    const auto first_letter = static_cast<std::uint8_t>(letters.front());
    const auto last_letter = static_cast<std::uint8_t>(letters.back());
    const std::uint8_t first_bit = case_bit(letters.front());
    const std::uint8_t last_bit = case_bit(letters.back());
    const std::size_t places = text.size() - last;
    std::size_t at = 0;
    const auto look = [&](std::size_t end) {
        for (; at < end; ++at) {
            if ((begin[at] | first_bit) == first_letter && stands_at(begin + at, letters)) {
                return true;
            }
        }
        return false;
    };
    while (places - at >= kBlock) {
        // Without a branch, so that the compiler compares many bytes at once.
        std::uint8_t any = 0;
        for (std::size_t i = 0; i < kBlock; ++i) {
            const bool first_fits = (begin[at + i] | first_bit) == first_letter;
            const bool last_fits = (begin[at + i + last] | last_bit) == last_letter;
            any |= static_cast<std::uint8_t>(first_fits & last_fits);
        }
        if (any == 0) {
            at += kBlock;
        } else if (look(at + kBlock)) {
            return true;
        }
    }
    return look(places);
}

}  // namespace kseg::index
