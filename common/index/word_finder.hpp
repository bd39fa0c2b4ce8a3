// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: which of many clauses the words of a text fulfil, all in one pass over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "index/query.hpp"
#include "index/text.hpp"

namespace kseg::index {

/// What is known of a clause and a record. Of operands, AND is the least and OR the largest.
enum class Answer : std::uint8_t { no, unknown, yes };

/// Finds the words of all clauses that look into the same place. A clause has a number, by which `answers` are kept.
class WordFinder {
  public:
    /// Borrow the clause.
    void add(const WordsClause& clause, std::uint32_t number);
    void add(const TermRangeClause& clause, std::uint32_t number);

    /// Another record. Without clauses whose answer is unknown there is nothing to read.
    void begin_record(const std::vector<Answer>& answers);
    /// How many clauses are not answered by yes.
    [[nodiscard]] std::size_t open() const { return open_; }

    /// Another text, whose words do not follow those of the text before.
    void begin_text() { position_ += kWindow; }
    void take(const Word& word, std::vector<Answer>& answers);
    /// Takes all words of a text.
    void take_text(std::string_view text, WordReader& reader, std::vector<Answer>& answers);

  private:
    // A word has at most 16 parts (text.hpp), so that the next word of a clause is at most so far ahead.
    static constexpr std::size_t kWindow = 32;

    /// A word of a clause: the index-th of its words.
    struct Place {
        std::uint32_t sequence = 0;
        std::uint32_t index = 0;
    };
    struct Pattern {
        std::string_view text;
        Place place;
    };
    /// Words that follow one another: those of one clause.
    struct Sequence {
        std::uint32_t number = 0;
        std::uint32_t words = 0;
        std::size_t first_state = 0;
    };
    /// Where in the text a word of a clause has to stand since those before it were found.
    struct State {
        std::uint64_t base = 0;
        std::uint32_t mask = 0;  // bit i: at position base + i
    };
    struct Range {
        const TermRangeClause* clause;
        std::uint32_t number;
    };

    void take_form(std::string_view form, std::size_t position, std::size_t parts, std::vector<Answer>& answers);
    [[nodiscard]] bool expected(Place place, std::uint64_t position) const;
    void found(Place place, std::uint64_t end, std::vector<Answer>& answers);
    void answer(std::uint32_t number, std::vector<Answer>& answers);

    std::vector<Sequence> sequences_;
    std::vector<State> states_;
    std::unordered_map<std::string_view, std::vector<Place>> words_;
    std::uint64_t word_marks_ = 0;  // which marks the words of words_ have
    std::vector<Pattern> patterns_;
    std::vector<Range> ranges_;
    std::vector<std::uint32_t> numbers_;
    std::size_t open_ = 0;
    std::uint64_t position_ = 0;    // of the next part; grows from text to text
    std::uint64_t word_begin_ = 0;  // of the word that is being taken
};

/// Whether a word lies within the bounds of a range.
bool in_range(const TermRangeClause& range, std::string_view word);

}  // namespace kseg::index
