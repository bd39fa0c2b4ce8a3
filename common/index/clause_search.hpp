// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: what an index says of single clauses. Found (query.hpp) holds what is certain and what may be.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "index/batch_table.hpp"
#include "index/query.hpp"
#include "index/record_set.hpp"
#include "index/term_index.hpp"
#include "index/terms.hpp"

namespace kseg::index {

/// Clauses that look into texts, asked of the terms.
class TermSearch {
  public:
    /// Borrows all.
    TermSearch(const IndexedFields& fields, TermIndex& terms, Ordinal records)
        : fields_(fields), terms_(terms), records_(records) {}

    Result<Found> find(const WordsClause& clause);
    Result<Found> find(const ExactKeyClause& clause);
    Result<Found> find(const TermRangeClause& clause);
    Result<Found> find(const ExistsClause& clause);

  private:
    /// Where the terms of a field are.
    struct Place {
        TermField field;
        std::string prefix{};  // of its terms
        bool exact = true;     // no other field's terms are there
    };
    enum class Fit : std::uint8_t { no, yes, past };
    using Judge = std::function<Fit(std::string_view word)>;

    [[nodiscard]] static Place place_of(const TextField& field);
    [[nodiscard]] Found none() const { return {.maybe = RecordSet(records_), .surely = RecordSet(records_)}; }
    [[nodiscard]] Found unknown() const { return {.maybe = RecordSet(records_, true), .surely = RecordSet(records_)}; }

    Result<Found> find_term(const Place& place, std::string_view word);
    Result<Found> find_word(const Place& place, const QueryWord& word);
    Result<Found> find_sequence(const Place& place, const std::vector<QueryWord>& words);
    Result<Found> scan(const Place& place, std::string_view from, const Judge& judge);
    Result<void> narrow(RecordSet& maybe, const Place& place, const std::vector<QueryWord>& words);
    Result<Found> find_range(const Place& place, const TermRangeClause& clause);

    // Of a path, where the index has words of values and no paths.
    Result<Found> path_in_value(const TextField& field);
    Result<Found> words_in_value(const WordsClause& clause);
    Result<RecordSet> number_in_value(std::string_view number);

    const IndexedFields& fields_;
    TermIndex& terms_;
    Ordinal records_;
};

/// A clause on a number, asked of the batch table.
/// errors   those of the table
Result<Found> find_numbers(const NumberClause& clause, const BatchTable& table);

}  // namespace kseg::index
