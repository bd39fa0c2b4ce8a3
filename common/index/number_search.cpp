// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "base/checked.hpp"
#include "index/clause_search.hpp"
#include "kafka/record/batch.hpp"

namespace kseg::index {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

/// What a row says of its records: how many of them a clause is true of, and which.
struct RowAnswer {
    enum class Kind : std::uint8_t { none, all, some, unknown };
    Kind kind = Kind::unknown;
    Ordinal first = 0;  // of some: the first of them that is, counted in the row
    Ordinal end = 0;
};

/// The clause's field has values from `least` to `most` in the row's records, ends included or not.
RowAnswer within(const NumberClause& clause, std::int64_t least, std::int64_t most) {
    if (clause.low <= least && most <= clause.high) {
        return {.kind = RowAnswer::Kind::all};
    }
    const bool apart = most < clause.low || clause.high < least;
    return {.kind = apart ? RowAnswer::Kind::none : RowAnswer::Kind::unknown};
}

RowAnswer exactly(const NumberClause& clause, std::int64_t value) {
    return within(clause, value, value);
}

/// The record that follows the batch's first by n has n more than `least`, unless some records are missing.
RowAnswer counted(const NumberClause& clause, const BatchRow& row, std::int64_t least, std::int64_t most) {
    const RowAnswer answer = within(clause, least, most);
    const auto span = static_cast<std::uint64_t>(wrapping_sub(most, least));
    if (answer.kind != RowAnswer::Kind::unknown || span != std::uint64_t{row.records} - 1) {
        return answer;
    }
    const std::int64_t first = std::max(clause.low, least);
    const std::int64_t last = std::min(clause.high, most);
    return {.kind = RowAnswer::Kind::some,
            .first = static_cast<Ordinal>(first - least),
            .end = static_cast<Ordinal>(last - least + 1)};
}

RowAnswer answer_offset(const NumberClause& clause, const BatchRow& row) {
    // Deltas of a broken body may be anything, and those at the end of the range may go round. The messages inside of one
    // of magic 0 or 1 have offsets that need not fit that of the outer one.
    const bool inside = row.magic < 2 && row.records > 1;
    if (row.body_problem || inside || row.last_offset < row.base_offset || row.last_offset == Limits::max()) {
        return {};
    }
    return counted(clause, row, row.base_offset, row.last_offset);
}

RowAnswer answer_sequence(const NumberClause& clause, const BatchRow& row) {
    if (row.base_sequence < 0) {
        return exactly(clause, -1);
    }
    constexpr std::int64_t kMostSequence = std::numeric_limits<std::int32_t>::max();
    const std::int64_t span = wrapping_sub(row.last_offset, row.base_offset);
    if (row.body_problem || span < 0 || span > kMostSequence || row.last_offset == Limits::max()) {
        return within(clause, 0, kMostSequence);
    }
    const std::int64_t last = row.base_sequence + span;
    if (last <= kMostSequence) {
        return counted(clause, row, row.base_sequence, last);
    }
    // Behind the largest sequence comes 0.
    const RowAnswer before = within(clause, row.base_sequence, kMostSequence);
    const RowAnswer after = within(clause, 0, last - kMostSequence - 1);
    return before.kind == after.kind ? before : RowAnswer{};
}

RowAnswer answer_of(const NumberClause& clause, const BatchRow& row) {
    const record::BatchHeader header{.magic = row.magic, .attributes = row.attributes};
    switch (clause.field) {
        case NumberField::offset: return answer_offset(clause, row);
        case NumberField::timestamp: return within(clause, row.min_timestamp, row.max_timestamp);
        case NumberField::producer_id: return exactly(clause, row.producer_id);
        case NumberField::producer_epoch: return exactly(clause, row.producer_epoch);
        case NumberField::sequence: return answer_sequence(clause, row);
        case NumberField::leader_epoch: return exactly(clause, header.is_legacy() ? -1 : row.leader_epoch);
        case NumberField::base_offset: return exactly(clause, row.base_offset);
        case NumberField::base_sequence: return exactly(clause, row.base_sequence);
        case NumberField::attributes: return within(clause, 0, std::numeric_limits<std::uint8_t>::max());
        case NumberField::transactional: return exactly(clause, header.is_transactional() ? 1 : 0);
        case NumberField::control: return exactly(clause, header.is_control() ? 1 : 0);
        case NumberField::codec: return exactly(clause, header.codec_id());
        case NumberField::timestamp_type: return exactly(clause, static_cast<std::int64_t>(header.timestamp_type()));
    }
    return {};
}

void add(const BatchRow& row, const RowAnswer& answer, Found& found) {
    const Ordinal first = row.first_ordinal;
    switch (answer.kind) {
        case RowAnswer::Kind::none: break;
        case RowAnswer::Kind::unknown: found.maybe.add_range(first, first + row.records); break;
        case RowAnswer::Kind::all:
            found.maybe.add_range(first, first + row.records);
            found.surely.add_range(first, first + row.records);
            break;
        case RowAnswer::Kind::some:
            found.maybe.add_range(first + answer.first, first + answer.end);
            found.surely.add_range(first + answer.first, first + answer.end);
            break;
    }
}

}  // namespace

Result<Found> find_numbers(const NumberClause& clause, const BatchTable& table) {
    Found found{.maybe = RecordSet(table.records()), .surely = RecordSet(table.records())};
    if (clause.low > clause.high) {
        return found;
    }
    // All rows are looked at: bounds would leave out broken bodies whose offsets are not what their headers say.
    const auto scanned = table.scan({}, [&](const BatchRow& row) -> Result<bool> {
        if (row.first_ordinal > table.records() || row.records > table.records() - row.first_ordinal) {
            return Error{.code = Errc::corrupt, .what = "batch table: a row's records are not among those of the table"};
        }
        if (row.kind == RowKind::batch && row.records != 0) {
            add(row, answer_of(clause, row), found);
        }
        return true;
    });
    return scanned ? Result(std::move(found)) : scanned.error();
}

}  // namespace kseg::index
