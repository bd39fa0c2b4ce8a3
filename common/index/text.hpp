// SPDX-License-Identifier: Apache-2.0
// How text becomes words, for indexing and for matching alike: the one place that knows.
// The rules: man/kseg-index.5, WORDS.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace kseg::index {

/// A slice of a word.
struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// A word of more parts is its own one part.
inline constexpr std::size_t kMostParts = 16;

/// One word, case folded, as UTF-8. Borrows from the reader, or from its text, until the next.
struct Word {
    std::string_view whole;
    /// What it is made of, one at least: the parts of orderId and order_id are order and id, those of most words the word.
    std::span<const Part> parts;

    [[nodiscard]] std::string_view part(std::size_t i) const {
        return whole.substr(parts[i].begin, parts[i].end - parts[i].begin);
    }
};

struct WordOptions {
    /// `*` and `?` are letters: the text is a pattern. A backslash before one of them, or before a backslash, makes it an
    /// ordinary character, which is no letter.
    bool wildcards = false;
};

/// Walks the words of a text, which need not be UTF-8: bytes that break it stand between words.
class WordReader {
  public:
    /// Borrows `text`.
    explicit WordReader(std::string_view text, WordOptions options = {}) : text_(text), options_(options) {}

    /// Begins another text and keeps the room that was taken.
    void reset(std::string_view text);

    /// False at the end.
    bool next(Word& out);

  private:
    static constexpr std::size_t kBlockBytes = 64;
    /// What the bytes text_[at .. at + kBlockBytes) are, a bit each, and their lower case.
    struct Block {
        std::size_t at = 0;
        std::size_t end = 0;  // at, where nothing has been read yet
        std::uint64_t letters = 0;
        std::uint64_t upper = 0;
        std::uint64_t lower = 0;
        std::uint64_t underscores = 0;
        std::uint64_t not_ascii = 0;  // these count as letters as well
        std::array<char, kBlockBytes> folded{};
    };

    void read_block(std::size_t at);
    bool take_from_block(std::size_t begin, std::size_t end, Word& out);
    bool take_character(Word& out);
    bool read_ordinary(Word& out);
    void read_alone(Word& out);

    std::string_view text_;
    WordOptions options_;
    std::size_t at_ = 0;
    Block block_;
    std::string folded_;
    std::array<Part, kMostParts> parts_{};
};

/// A text with every character case folded, and U+FFFD for NUL and for bytes that break UTF-8: names of headers and JSON
/// paths.
void append_folded_name(std::string& out, std::string_view text);

/// What a byte string gives to read for words: itself, unless it is a JSON text with escapes in its strings; then these are
/// resolved, in `scratch`. Borrows from either.
std::string_view readable_text(Bytes bytes, std::string& scratch);

enum class JsonKind : std::uint8_t { string, number, literal };  // literal: true, false, null

/// Walks the scalars of a JSON object or array: visit(path, kind, text), where path is the folded names of the members that
/// lead to it joined by dots (elements of arrays add nothing), and text the string with its escapes resolved, or the number
/// or literal as written. Returns false, without having visited anything, where `bytes` are no such JSON text or are nested
/// deeper than 64.
bool for_each_json_scalar(Bytes bytes,
                          const std::function<void(std::string_view path, JsonKind kind, std::string_view text)>& visit);

/// A number as JSON writes them in its one canonical form: no exponent, no zeros at either end, no "-0". Nothing where
/// `text` is no JSON number or its exponent is beyond +-400.
std::optional<std::string> canonical_number(std::string_view text);

/// The word of a number in a JSON text: its canonical form or, where its exponent is too large, itself folded. Borrows from
/// `text` or from `scratch`.
std::string_view number_word(std::string_view text, std::string& scratch);

/// Compares two canonical numbers by value: negative, 0 or positive.
int compare_numbers(std::string_view a, std::string_view b);

}  // namespace kseg::index
