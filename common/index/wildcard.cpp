// SPDX-License-Identifier: Apache-2.0
#include "index/wildcard.hpp"

#include <cstddef>
#include <cstdint>

namespace kseg::index {
namespace {

/// Bytes of the character that begins at text[at], which is within the text.
std::size_t character_bytes(std::string_view text, std::size_t at) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<std::uint8_t>(text[end]) & 0xc0U) == 0x80) {
        ++end;
    }
    return end - at;
}

}  // namespace

bool wildcard_match(std::string_view pattern, std::string_view word) {
    std::size_t p = 0;
    std::size_t w = 0;
    // Where to go on when something does not fit: behind the last star, which then stands for a character more. Stars
    // before it need not be tried again.
    std::size_t after_star = std::string_view::npos;
    std::size_t star_end = 0;
    while (w < word.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            after_star = ++p;
            star_end = w;
        } else if (p < pattern.size() && pattern[p] == '?') {
            ++p;
            w += character_bytes(word, w);
        } else if (p < pattern.size() && pattern[p] == word[w]) {
            ++p;
            ++w;
        } else if (after_star != std::string_view::npos) {
            p = after_star;
            star_end += character_bytes(word, star_end);
            w = star_end;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

std::string_view literal_prefix(std::string_view pattern) {
    return pattern.substr(0, pattern.find_first_of("*?"));
}

}  // namespace kseg::index
