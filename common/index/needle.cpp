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

/// Whether a character begins with these bytes whose folding holds ASCII: sharp s, the long s, the Kelvin sign, ligatures
/// and the like. True of some others too. Without a branch, as below.
unsigned folds_to_ascii(std::uint8_t first, std::uint8_t second) {
    const auto pair = [=](std::uint8_t a, std::uint8_t b) {
        return static_cast<unsigned>(first == a) & static_cast<unsigned>(second == b);
    };
    return pair(0xc3, 0x9f) |                     // U+00DF
           pair(0xc4, 0xb0) |                     // U+0130
           pair(0xc5, 0x89) | pair(0xc5, 0xbf) |  // U+0149, U+017F
           pair(0xc7, 0xb0) |                     // U+01F0
           pair(0xe1, 0xba) |                     // U+1E96 to U+1E9A, U+1E9E
           pair(0xe2, 0x84) |                     // U+212A
           pair(0xef, 0xac);                      // U+FB00 to U+FB06
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
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    std::uint8_t any = 0;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        any |= static_cast<std::uint8_t>(folds_to_ascii(bytes[i], bytes[i + 1]));
    }
    return any == 0;
}

bool has_needle(std::string_view text, const Needle& needle) {
    constexpr std::size_t kBlock = 32;
    const std::string_view letters = needle.text;
    if (letters.empty() || text.size() < letters.size()) {
        return letters.empty();
    }
    const auto* begin = reinterpret_cast<const std::uint8_t*>(text.data());
    const std::size_t last = letters.size() - 1;
    const std::size_t middle = letters.size() / 2;
    const std::size_t places = text.size() - last;
    std::size_t at = 0;
    const auto look = [&](std::size_t end) {
        while (at < end && !stands_at(begin + at, letters)) {
            ++at;
        }
        return at < end;
    };
    while (places - at >= kBlock) {
        // Three letters at all places of a block, without a branch, so that the compiler compares many bytes at once.
        std::uint8_t any = 0;
        const auto fits = [&](std::size_t letter, std::size_t i) {
            const char c = letters[letter];
            return static_cast<unsigned>((begin[at + i + letter] | case_bit(c)) == static_cast<std::uint8_t>(c));
        };
        for (std::size_t i = 0; i < kBlock; ++i) {
            any |= static_cast<std::uint8_t>(fits(0, i) & fits(middle, i) & fits(last, i));
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
