// SPDX-License-Identifier: Apache-2.0
#include <type_traits>
#include <utility>

#include "index/clause_search.hpp"
#include "index/query.hpp"

namespace kseg::index {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

/// By step: the operator that takes it as the first of two operands, or kNone.
std::vector<std::size_t> joined_by(const std::vector<QueryStep>& steps) {
    std::vector<std::size_t> joins(steps.size(), kNone);
    std::vector<std::size_t> operands;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        switch (steps[i].kind) {
            case QueryStep::Kind::clause: operands.push_back(i); break;
            case QueryStep::Kind::negate: operands.back() = i; break;
            case QueryStep::Kind::all_of:
            case QueryStep::Kind::any_of:
                operands.pop_back();
                joins[operands.back()] = i;
                operands.back() = i;
                break;
        }
    }
    return joins;
}

void negate(Found& found) {
    std::swap(found.maybe, found.surely);
    found.maybe.complement();
    found.surely.complement();
}

void join(QueryStep::Kind kind, Found& found, const Found& other) {
    if (kind == QueryStep::Kind::all_of) {
        found.maybe &= other.maybe;
        found.surely &= other.surely;
    } else {
        found.maybe |= other.maybe;
        found.surely |= other.surely;
    }
}

/// Whether no second operand changes anything.
bool is_settled(QueryStep::Kind kind, const Found& found) {
    return kind == QueryStep::Kind::all_of ? found.maybe.empty() : found.surely.count() == found.surely.records();
}

}  // namespace

Result<Found> search(const Query& query, const IndexedFields& fields, TermIndex& terms, const BatchTable& table) {
    const Ordinal records = table.records();
    TermSearch term_search(fields, terms, records);
    const auto find = [&](const auto& clause) -> Result<Found> {
        using Clause = std::decay_t<decltype(clause)>;
        if constexpr (std::is_same_v<Clause, EverythingClause>) {
            return Found{.maybe = RecordSet(records, true), .surely = RecordSet(records, true)};
        } else if constexpr (std::is_same_v<Clause, NumberClause>) {
            return find_numbers(clause, table);
        } else {
            return term_search.find(clause);
        }
    };
    const std::vector<QueryStep>& steps = query.steps();
    const std::vector<std::size_t> joins = joined_by(steps);
    // No more sets at once than there are levels of parentheses, and one.
    std::vector<Found> operands;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].kind == QueryStep::Kind::clause) {
            auto found = std::visit(find, steps[i].clause);
            if (!found) {
                return found;
            }
            operands.push_back(std::move(*found));
        } else if (steps[i].kind == QueryStep::Kind::negate) {
            negate(operands.back());
        } else {
            const Found last = std::move(operands.back());
            operands.pop_back();
            join(steps[i].kind, operands.back(), last);
        }
        while (joins[i] != kNone && is_settled(steps[joins[i]].kind, operands.back())) {
            i = joins[i];
        }
    }
    return std::move(operands.back());
}

}  // namespace kseg::index
