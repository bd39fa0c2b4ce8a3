// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: what a field's name and a clause's text mean. The language: man/kseg-query.1, QUERY.
#pragma once

#include <variant>

#include "base/result.hpp"
#include "base/units.hpp"
#include "index/query.hpp"
#include "index/query_lexer.hpp"

namespace kseg::index {

/// `*`, which is a field only in `*:*`.
struct AnyField {};

using QueryField = std::variant<TextField, NumberField, AnyField>;

/// errors   invalid   there is no such field
Result<QueryField> parse_field(const QueryText& name);

/// The clause of a text or a range that is asked of a field.
/// now      what relative times are before
/// errors   invalid
Result<QueryStep::Clause> parse_clause(const QueryField& field, const QueryToken& token, TimestampMs now);

}  // namespace kseg::index
