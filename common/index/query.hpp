// SPDX-License-Identifier: Apache-2.0
// A text query: parsed once, asked of records one by one (matches) or of a segment's index at once (search). Both give the
// same answer; the language is that of man/kseg-query.1, QUERY.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "index/batch_table.hpp"
#include "index/record_set.hpp"
#include "index/term_index.hpp"
#include "index/text.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"

namespace kseg::index {

/// Where a clause looks for words.
struct TextField {
    enum class Kind : std::uint8_t { key, value, header, path };
    Kind kind = Kind::value;
    std::string name{};  ///< of a header or path, folded (append_folded_name)
};

/// One word of a clause; with `pattern` its `*` and `?` stand for any characters.
struct QueryWord {
    std::string text;  ///< folded
    bool pattern = false;
};

/// Words that follow one another.
struct WordsClause {
    TextField field;
    std::vector<QueryWord> words;         ///< one at least
    std::optional<std::string> number{};  ///< of a path: the canonical number that the clause's text is
};

/// The key is exactly this.
struct ExactKeyClause {
    std::string key;
};

/// A word between two others; a missing bound is open. By value where both bounds are numbers, otherwise by bytes.
struct TermRangeClause {
    TextField field;
    std::optional<std::string> low{};  ///< folded, or a canonical number
    std::optional<std::string> high{};
    bool with_low = true;
    bool with_high = true;
    bool by_number = false;
};

/// The field is there and not null.
struct ExistsClause {
    TextField field;
};

/// Fields that batches and records have as numbers.
enum class NumberField : std::uint8_t {
    offset,
    timestamp,
    producer_id,
    producer_epoch,
    sequence,
    leader_epoch,
    base_offset,
    base_sequence,
    attributes,
    transactional,
    control,
    codec,
    timestamp_type
};

/// A number within [low, high].
struct NumberClause {
    NumberField field = NumberField::offset;
    std::int64_t low = std::numeric_limits<std::int64_t>::min();
    std::int64_t high = std::numeric_limits<std::int64_t>::max();
};

/// `*:*`.
struct EverythingClause {};

/// A query as a list in postfix order: operands, then the operator that takes them; no recursion to evaluate it. negate
/// takes one operand, all_of and any_of two.
struct QueryStep {
    using Clause = std::variant<EverythingClause, WordsClause, ExactKeyClause, TermRangeClause, ExistsClause, NumberClause>;
    enum class Kind : std::uint8_t { clause, negate, all_of, any_of };
    Kind kind = Kind::clause;
    Clause clause{};
};

class Query {
  public:
    static constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
    static constexpr std::size_t kMaxDepth = 64;
    static constexpr std::size_t kMaxClauses = 1024;

    /// now      what relative times are before
    /// errors   invalid   it is no query; the error's offset is that of the place in `text`
    static Result<Query> parse(std::string_view text, TimestampMs now);

    [[nodiscard]] const std::vector<QueryStep>& steps() const { return steps_; }

  private:
    friend class QueryParser;
    Query() = default;

    std::vector<QueryStep> steps_;  // never empty
};

/// Asks records one by one. Keeps scratch; belongs to one thread.
class QueryMatcher {
  public:
    /// Borrows the query.
    explicit QueryMatcher(const Query& query);
    ~QueryMatcher();
    QueryMatcher(const QueryMatcher&) = delete;
    QueryMatcher& operator=(const QueryMatcher&) = delete;

    /// base_offset   of the batch, as RecordReader::base_offset() has it
    [[nodiscard]] bool matches(const record::BatchHeader& batch, std::int64_t base_offset,
                               const record::RecordView& record);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Which records of a segment match: all of `surely`, none outside of `maybe`, which holds `surely`. What is between has to
/// be asked of the records.
struct Found {
    RecordSet maybe;
    RecordSet surely;
};

/// Asks an index.
/// fields   which fields the index has; clauses for others may be true of any record
/// errors   those of the index and the table
Result<Found> search(const Query& query, const IndexedFields& fields, TermIndex& terms, const BatchTable& table);

}  // namespace kseg::index
