// SPDX-License-Identifier: Apache-2.0
// Lines of tests/data/words, which tests/support/words_fixture.py writes from a model of its own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/hex.hpp"

namespace kseg::test {

/// The pieces between single separators.
inline std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> pieces;
    for (std::size_t begin = 0;;) {
        const std::size_t end = std::min(text.find(separator, begin), text.size());
        pieces.emplace_back(text.substr(begin, end - begin));
        if (end == text.size()) {
            return pieces;
        }
        begin = end + 1;
    }
}

/// The fields of each line of a fixture, but for its first, which is a comment.
inline std::vector<std::vector<std::string>> fixture(const std::string& name) {
    std::vector<std::vector<std::string>> lines;
    const ByteBuffer all = read_data("words/" + name);
    for (const std::string& line : split(all.text(), '\n')) {
        if (!line.empty() && line.front() != '#') {
            lines.push_back(split(line, ' '));
        }
    }
    return lines;
}

/// The bytes of a field; "-" is none, and of "null" there are none.
inline std::string unhex(std::string_view field) {
    return field == "-" || field == "null" ? std::string() : std::string(from_hex(field).text());
}

inline std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out.push_back(kDigits[static_cast<unsigned char>(c) >> 4U]);
        out.push_back(kDigits[static_cast<unsigned char>(c) & 15U]);
    }
    return out.empty() ? "-" : out;
}

}  // namespace kseg::test
