// SPDX-License-Identifier: Apache-2.0
// Characters: UTF-8 one by one, what each is for a word, case folding. Rules: man/kseg-index.5, WORDS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kseg::index {

/// What a character is for a word.
enum class CharKind : std::uint8_t {
    separator,
    underscore,
    upper,   ///< upper or title case
    lower,   ///< lower case
    digit,   ///< a number
    letter,  ///< a letter without case
    mark,    ///< belongs to what stands before it
    alone,   ///< a word by itself
};

/// What a word needs to know of a character.
struct CharTraits {
    CharKind kind = CharKind::separator;
    bool folded = true;  ///< case folding leaves it as it is
};

struct Character {
    char32_t point = 0;
    std::uint8_t size = 0;  ///< bytes; 0 where it is no character
};

/// The character that begins at text[at], which is within the text.
Character character_at(std::string_view text, std::size_t at);

CharTraits traits_of(char32_t point);

/// Appends the full case folding of a character.
void append_folded(std::string& out, char32_t point);

/// Appends a character, which is no surrogate.
void append_utf8(std::string& out, char32_t point);

inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

}  // namespace kseg::index
