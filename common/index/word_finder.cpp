// SPDX-License-Identifier: Apache-2.0
#include "index/word_finder.hpp"

#include <algorithm>

#include "index/wildcard.hpp"

namespace kseg::index {
namespace {

/// A cheap sign that equal words share.
std::uint64_t mark_of(std::string_view word) {
    return std::uint64_t{1} << ((static_cast<std::uint8_t>(word.front()) * std::size_t{7} + word.size()) % 64);
}

}  // namespace

bool in_range(const TermRangeClause& range, std::string_view word) {
    const auto within = [&range](auto&& compare) {
        const int low = range.low ? compare(*range.low) : 1;
        const int high = range.high ? compare(*range.high) : -1;
        return (low > 0 || (low == 0 && range.with_low)) && (high < 0 || (high == 0 && range.with_high));
    };
    if (!range.by_number) {
        return within([word](const std::string& bound) { return word.compare(bound); });
    }
    if (word.empty() || (word.front() != '-' && (word.front() < '0' || word.front() > '9'))) {
        return false;
    }
    const auto number = canonical_number(word);
    return number && within([&number](const std::string& bound) { return compare_numbers(*number, bound); });
}

void WordFinder::add(const WordsClause& clause, std::uint32_t number) {
    const auto sequence = static_cast<std::uint32_t>(sequences_.size());
    sequences_.push_back(
        {.number = number, .words = static_cast<std::uint32_t>(clause.words.size()), .first_state = states_.size()});
    states_.resize(states_.size() + clause.words.size());
    for (std::uint32_t i = 0; i < clause.words.size(); ++i) {
        const QueryWord& word = clause.words[i];
        const Place place{.sequence = sequence, .index = i};
        if (word.pattern) {
            patterns_.push_back({.text = word.text, .place = place});
        } else {
            words_[word.text].push_back(place);
            word_marks_ |= mark_of(word.text);
        }
    }
    numbers_.push_back(number);
}

void WordFinder::add(const TermRangeClause& clause, std::uint32_t number) {
    ranges_.push_back({.clause = &clause, .number = number});
    numbers_.push_back(number);
}

void WordFinder::begin_record(const std::vector<Answer>& answers) {
    open_ = static_cast<std::size_t>(std::count_if(
        numbers_.begin(), numbers_.end(), [&answers](std::uint32_t number) { return answers[number] == Answer::unknown; }));
}

void WordFinder::take(const Word& word, std::vector<Answer>& answers) {
    const std::size_t parts = word.parts.size();
    word_begin_ = position_;
    take_form(word.whole, position_, parts, answers);
    for (std::size_t i = 0; i < parts; ++i) {
        const std::string_view part = word.part(i);
        if (parts > 1 || part.size() != word.whole.size()) {
            take_form(part, position_ + i, 1, answers);
        }
    }
    position_ += parts;
}

void WordFinder::take_text(std::string_view text, WordReader& reader, std::vector<Answer>& answers) {
    begin_text();
    reader.reset(text);
    for (Word word; open_ != 0 && reader.next(word);) {
        take(word, answers);
    }
}

/// Takes a whole or a part, which stands at a position and is so many parts long.
void WordFinder::take_form(std::string_view form, std::size_t position, std::size_t parts, std::vector<Answer>& answers) {
    if ((word_marks_ & mark_of(form)) != 0) {
        if (const auto known = words_.find(form); known != words_.end()) {
            for (const Place place : known->second) {
                if (expected(place, position)) {
                    found(place, position + parts, answers);
                }
            }
        }
    }
    for (const Pattern& pattern : patterns_) {
        if (expected(pattern.place, position) && wildcard_match(pattern.text, form)) {
            found(pattern.place, position + parts, answers);
        }
    }
    for (const Range& range : ranges_) {
        if (answers[range.number] == Answer::unknown && in_range(*range.clause, form)) {
            answer(range.number, answers);
        }
    }
}

bool WordFinder::expected(Place place, std::uint64_t position) const {
    if (place.index == 0) {
        return true;
    }
    const State& state = states_[sequences_[place.sequence].first_state + place.index];
    return position >= state.base && position - state.base < kWindow && ((state.mask >> (position - state.base)) & 1U) != 0;
}

void WordFinder::found(Place place, std::uint64_t end, std::vector<Answer>& answers) {
    const Sequence& sequence = sequences_[place.sequence];
    if (place.index + 1 == sequence.words) {
        if (answers[sequence.number] == Answer::unknown) {
            answer(sequence.number, answers);
        }
        return;
    }
    State& state = states_[sequence.first_state + place.index + 1];
    if (state.base != word_begin_) {
        // Positions before this word have gone by.
        const std::uint64_t gone = word_begin_ - state.base;
        state.mask = gone < kWindow ? state.mask >> gone : 0;
        state.base = word_begin_;
    }
    state.mask |= std::uint32_t{1} << (end - word_begin_);
}

void WordFinder::answer(std::uint32_t number, std::vector<Answer>& answers) {
    answers[number] = Answer::yes;
    --open_;
}

}  // namespace kseg::index
