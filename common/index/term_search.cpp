// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "index/clause_search.hpp"
#include "index/text.hpp"
#include "index/wildcard.hpp"
#include "index/word_finder.hpp"

namespace kseg::index {
namespace {

// A word or name that was cut for its term leaves at least this much of it: a character has four bytes at most.
constexpr std::size_t kLeastCutBytes = kMaxTermBytes - 3;

/// Whether a word or a name stands whole in its term, and no other one is cut to the same.
bool stands_whole(std::string_view text) {
    return text.size() < kLeastCutBytes;
}

/// What all terms of words that begin with `text`, or are not below it, are not below themselves, cut or not.
std::string_view scan_begin(std::string_view text) {
    std::size_t end = std::min(text.size(), kLeastCutBytes);
    while (end > 0 && end < text.size() && (static_cast<std::uint8_t>(text[end]) & 0xc0U) == 0x80) {
        --end;
    }
    return text.substr(0, end);
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0x80; });
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Whether a word, and so all behind it, begins with what no number begins with. What is before '-' is not asked for.
bool behind_numbers(std::string_view word) {
    return static_cast<std::uint8_t>(word.front()) > '9';
}

/// Whether a word may be a part of a number that has an exponent: digits, e, digits.
bool may_have_exponent(std::string_view word) {
    const auto e = std::find_if_not(word.begin(), word.end(), is_digit);
    return e != word.begin() && e != word.end() && *e == 'e' && std::all_of(e + 1, word.end(), is_digit);
}

/// Whether a pattern may match a number as a whole, which is not one word of the value's text.
bool may_be_number(const QueryWord& word) {
    return word.pattern && std::all_of(word.text.begin(), word.text.end(),
                                       [](char c) { return is_digit(c) || c == 'e' || c == '*' || c == '?'; });
}

std::vector<QueryWord> words_of(std::string_view text) {
    std::vector<QueryWord> words;
    WordReader reader(text);
    for (Word word; reader.next(word);) {
        words.push_back({.text = std::string(word.whole)});
    }
    return words;
}

}  // namespace

TermSearch::Place TermSearch::place_of(const TextField& field) {
    switch (field.kind) {
        case TextField::Kind::key: return {.field = TermField::key};
        case TextField::Kind::value: return {.field = TermField::value};
        case TextField::Kind::header:
        case TextField::Kind::path: break;
    }
    Place place{.field = field.kind == TextField::Kind::header ? TermField::headers : TermField::paths,
                .exact = stands_whole(field.name)};
    append_named_term(place.prefix, field.name, {});
    return place;
}

Result<Found> TermSearch::find_term(const Place& place, std::string_view word) {
    Found found = none();
    const std::string term = place.prefix + std::string(cut_term(word));
    if (const auto added = terms_.add_term(place.field, term, found.maybe); !added) {
        return added.error();
    }
    if (place.exact && stands_whole(word)) {
        found.surely = found.maybe;
    }
    return found;
}

/// Finds the words that a judge takes among the terms of a place, from that of a word on.
Result<Found> TermSearch::scan(const Place& place, std::string_view from, const Judge& judge) {
    Found found = none();
    bool any_cut = false;
    const auto pass = [&](bool cut, RecordSet& out) {
        return terms_.scan_terms(
            place.field, place.prefix + std::string(from),
            [&](std::string_view term) {
                if (!term.starts_with(place.prefix)) {
                    return TermVerdict::stop;
                }
                const std::string_view word = term.substr(place.prefix.size());
                const Fit fit = word.empty() ? Fit::no : judge(word);
                if (fit == Fit::past) {
                    return TermVerdict::stop;
                }
                if (!stands_whole(word)) {
                    any_cut = true;
                    return cut ? TermVerdict::take : TermVerdict::skip;
                }
                return fit == Fit::yes && !cut ? TermVerdict::take : TermVerdict::skip;
            },
            out);
    };
    if (const auto passed = pass(false, found.surely); !passed) {
        return passed.error();
    }
    found.maybe = found.surely;
    if (any_cut) {
        if (const auto passed = pass(true, found.maybe); !passed) {
            return passed.error();
        }
    }
    if (!place.exact) {
        found.surely = RecordSet(records_);
    }
    return found;
}

Result<Found> TermSearch::find_word(const Place& place, const QueryWord& word) {
    if (!word.pattern) {
        return find_term(place, word.text);
    }
    const std::string_view prefix = scan_begin(literal_prefix(word.text));
    return scan(place, prefix, [&](std::string_view term) {
        if (!term.starts_with(prefix)) {
            return Fit::past;
        }
        return wildcard_match(word.text, term) ? Fit::yes : Fit::no;
    });
}

/// Keeps what has all of the words.
Result<void> TermSearch::narrow(RecordSet& maybe, const Place& place, const std::vector<QueryWord>& words) {
    std::unordered_set<std::string_view> done;
    for (const QueryWord& word : words) {
        if (maybe.empty()) {
            break;
        }
        if (!done.insert(word.text).second) {
            continue;
        }
        const auto found = find_word(place, word);
        if (!found) {
            return found.error();
        }
        maybe &= found->maybe;
    }
    return {};
}

Result<Found> TermSearch::find_sequence(const Place& place, const std::vector<QueryWord>& words) {
    if (words.size() == 1) {
        return find_word(place, words.front());
    }
    // Whether they follow one another only the record tells.
    Found found = unknown();
    const auto narrowed = narrow(found.maybe, place, words);
    return narrowed ? Result(std::move(found)) : narrowed.error();
}

Result<Found> TermSearch::find(const WordsClause& clause) {
    const Place place = place_of(clause.field);
    if (!fields_.has(place.field)) {
        return clause.field.kind == TextField::Kind::path ? words_in_value(clause) : unknown();
    }
    auto found = find_sequence(place, clause.words);
    const bool word_is_number = clause.words.size() == 1 && clause.words.front().text == clause.number;
    if (!found || !clause.number || word_is_number) {
        return found;
    }
    auto number = find_term(place, *clause.number);
    if (!number) {
        return number;
    }
    found->maybe |= number->maybe;
    // Of digits alone it is a word as well, which a string may have without having the clause's words: 1e2 is the number
    // 100, but not found in "100 boxes".
    if (clause.number->find_first_of("-.") != std::string::npos) {
        found->surely |= number->surely;
    }
    return found;
}

Result<Found> TermSearch::find(const ExactKeyClause& clause) {
    Found found = unknown();
    if (fields_.key) {
        std::string readable;
        const auto words = words_of(readable_text(as_bytes(clause.key), readable));
        if (const auto narrowed = narrow(found.maybe, {.field = TermField::key}, words); !narrowed) {
            return narrowed.error();
        }
    }
    return found;
}

Result<Found> TermSearch::find_range(const Place& place, const TermRangeClause& clause) {
    if (clause.by_number) {
        // Terms are in the order of their bytes; all that numbers begin with is from '-' to '9'.
        return scan(place, "-", [&](std::string_view word) {
            return behind_numbers(word) ? Fit::past : (in_range(clause, word) ? Fit::yes : Fit::no);
        });
    }
    const std::string_view low = clause.low ? scan_begin(*clause.low) : std::string_view();
    return scan(place, low, [&](std::string_view word) {
        if (clause.high && word > *clause.high) {
            return Fit::past;
        }
        return in_range(clause, word) ? Fit::yes : Fit::no;
    });
}

Result<Found> TermSearch::find(const TermRangeClause& clause) {
    const Place place = place_of(clause.field);
    if (!fields_.has(place.field)) {
        return clause.field.kind == TextField::Kind::path ? path_in_value(clause.field) : unknown();
    }
    return find_range(place, clause);
}

Result<Found> TermSearch::find(const ExistsClause& clause) {
    const Place place = place_of(clause.field);
    if (!fields_.has(place.field)) {
        return clause.field.kind == TextField::Kind::path ? path_in_value(clause.field) : unknown();
    }
    // A key or value without words has no term.
    return place.prefix.empty() ? unknown() : find_term(place, {});
}

/// Records whose value has the words of a path's names. Names are folded already, which may have changed what is a letter,
/// but not where all of it is ASCII.
Result<Found> TermSearch::path_in_value(const TextField& field) {
    Found found = unknown();
    if (fields_.value && is_ascii(field.name)) {
        if (const auto narrowed = narrow(found.maybe, {.field = TermField::value}, words_of(field.name)); !narrowed) {
            return narrowed.error();
        }
    }
    return found;
}

Result<Found> TermSearch::words_in_value(const WordsClause& clause) {
    auto found = path_in_value(clause.field);
    if (!found || !fields_.value || found->maybe.empty()) {
        return found;
    }
    if (clause.number) {
        const auto number = number_in_value(*clause.number);
        if (!number) {
            return number.error();
        }
        found->maybe &= *number;
        return found;
    }
    if (clause.words.size() == 1 && may_be_number(clause.words.front())) {
        return found;
    }
    const auto narrowed = narrow(found->maybe, {.field = TermField::value}, clause.words);
    return narrowed ? std::move(found) : narrowed.error();
}

/// Records whose value may hold a number, in whatever digits: those before its point are a word, unless there is an
/// exponent.
Result<RecordSet> TermSearch::number_in_value(std::string_view number) {
    const Place value{.field = TermField::value};
    number.remove_prefix(number.starts_with('-') ? 1 : 0);
    auto whole = find_term(value, number.substr(0, number.find('.')));
    if (!whole) {
        return whole.error();
    }
    const auto exponents = scan(value, "0", [](std::string_view word) {
        return behind_numbers(word) ? Fit::past : (may_have_exponent(word) ? Fit::yes : Fit::no);
    });
    if (!exponents) {
        return exponents.error();
    }
    whole->maybe |= exponents->maybe;
    return std::move(whole->maybe);
}

}  // namespace kseg::index
