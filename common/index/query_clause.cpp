// SPDX-License-Identifier: Apache-2.0
#include "index/query_clause.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "index/text.hpp"
#include "kafka/codec/codec.hpp"
#include "kafka/record/batch.hpp"

namespace kseg::index {
namespace {

using Clause = QueryStep::Clause;

constexpr std::array<std::pair<std::string_view, NumberField>, 13> kNumberFields{
    {{"offset", NumberField::offset},
     {"timestamp", NumberField::timestamp},
     {"producer_id", NumberField::producer_id},
     {"producer_epoch", NumberField::producer_epoch},
     {"sequence", NumberField::sequence},
     {"leader_epoch", NumberField::leader_epoch},
     {"base_offset", NumberField::base_offset},
     {"base_sequence", NumberField::base_sequence},
     {"attributes", NumberField::attributes},
     {"transactional", NumberField::transactional},
     {"control", NumberField::control},
     {"codec", NumberField::codec},
     {"timestamp_type", NumberField::timestamp_type}}};

constexpr std::array<std::string_view, 2> kTruths{"false", "true"};
constexpr std::array<std::string_view, 5> kCodecs{"none", "gzip", "snappy", "lz4", "zstd"};
static_assert(kCodecs.size() == codec::kLastCodec + 1);
constexpr std::array<std::string_view, 3> kTimestampTypes{"none", "create", "log_append"};

/// What the values of a field are called, where they have names; each stands for its place in the list.
std::span<const std::string_view> names_of(NumberField field) {
    switch (field) {
        case NumberField::transactional:
        case NumberField::control: return kTruths;
        case NumberField::codec: return kCodecs;
        case NumberField::timestamp_type: return kTimestampTypes;
        default: return {};
    }
}

/// Where a name's first dot stands that has no backslash; its size where there is none.
std::size_t first_dot(std::string_view raw) {
    std::size_t at = 0;
    while (at < raw.size() && raw[at] != '.') {
        at += piece_bytes(raw[at]);
    }
    return std::min(at, raw.size());
}

Error no_such_field(const QueryText& name) {
    const std::string shown = name.shown();
    const std::string plain = name.plain();
    if (plain == "headers" || plain == "header" || plain.starts_with("header.")) {
        return query_error(name.at, fmt::format("unknown field {}; expected headers.NAME", shown));
    }
    return query_error(name.at, fmt::format("unknown field {}; quote the text or escape the ':'", shown));
}

Result<std::int64_t> parse_number(NumberField field, const QueryText& text, TimestampMs now) {
    const std::string plain = text.plain();
    if (field == NumberField::timestamp) {
        const auto time = parse_time(plain, now);
        return time
                   ? Result(*time)
                   : query_error(text.at, fmt::format("time; expected milliseconds, RFC 3339 or, quoted, one like \"-2h\", "
                                                      "got {}",
                                                      text.shown()));
    }
    if (const auto names = names_of(field); !names.empty()) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (plain == names[i]) {
                return static_cast<std::int64_t>(i);
            }
        }
        return query_error(text.at, fmt::format("value; expected {}, got {}", fmt::join(names, ", "), text.shown()));
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    if (error != std::errc{} || end != plain.data() + plain.size()) {
        return query_error(text.at, fmt::format("number; expected a whole one of 64 bits, got {}", text.shown()));
    }
    return value;
}

Result<Clause> number_clause(NumberField field, const QueryToken& token, TimestampMs now) {
    NumberClause clause{.field = field};
    const bool range = token.kind == QueryToken::Kind::range;
    if (range && !names_of(field).empty()) {
        return query_error(token.text.at,
                           fmt::format("a range of names; expected one of {}", fmt::join(names_of(field), ", ")));
    }
    if (!token.text.is_star()) {
        const auto low = parse_number(field, token.text, now);
        if (!low) {
            return low.error();
        }
        clause.low = *low;
        clause.high = range ? clause.high : *low;
    }
    if (range && !token.high.is_star()) {
        const auto high = parse_number(field, token.high, now);
        if (!high) {
            return high.error();
        }
        clause.high = *high;
    }
    // Without a bound that is excluded; nothing is below the least number, nor above the largest.
    const bool none_above = !token.with_low && clause.low == std::numeric_limits<std::int64_t>::max();
    const bool none_below = !token.with_high && clause.high == std::numeric_limits<std::int64_t>::min();
    if (range && (none_above || none_below)) {
        return Clause(NumberClause{.field = field, .low = 1, .high = 0});
    }
    if (range) {
        clause.low += token.with_low || token.text.is_star() ? 0 : 1;
        clause.high -= token.with_high || token.high.is_star() ? 0 : 1;
    }
    return Clause(clause);
}

/// One bound: nothing where it is open.
struct Bound {
    std::optional<std::string> word{};
    std::optional<std::string> number{};
    bool open = false;
};

Result<Bound> parse_bound(const QueryText& text) {
    if (text.is_star()) {
        return Bound{.open = true};
    }
    if (text.has_wildcards()) {
        return query_error(text.at, fmt::format("a wildcard in a range's bound: {}; escape or quote it", text.shown()));
    }
    const std::string plain = text.plain();
    Bound bound{.number = canonical_number(plain)};
    WordReader words(plain);
    Word word;
    if (words.next(word)) {
        bound.word = std::string(word.whole);
    }
    if (words.next(word)) {
        bound.word.reset();
    }
    return bound;
}

Result<Clause> range_clause(const TextField& field, const QueryToken& token) {
    const auto low = parse_bound(token.text);
    const auto high = low ? parse_bound(token.high) : low;
    if (!high) {
        return high.error();
    }
    TermRangeClause clause{.field = field, .with_low = token.with_low, .with_high = token.with_high};
    clause.by_number = (low->open || low->number) && (high->open || high->number) && !(low->open && high->open);
    if (clause.by_number) {
        clause.low = low->number;
        clause.high = high->number;
        return Clause(std::move(clause));
    }
    for (const auto& [bound, text] : {std::pair(&*low, &token.text), std::pair(&*high, &token.high)}) {
        if (!bound->open && !bound->word) {
            return query_error(text->at, fmt::format("a range's bound; expected one word, got {}", text->shown()));
        }
    }
    clause.low = low->word;
    clause.high = high->word;
    return Clause(std::move(clause));
}

Result<Clause> words_clause(const TextField& field, const QueryText& text) {
    WordsClause clause{.field = field};
    const std::string plain = text.plain();
    const std::string readable = text.quoted ? plain : text.pattern();
    WordReader words(readable, {.wildcards = !text.quoted});
    for (Word word; words.next(word);) {
        const bool pattern = !text.quoted && word.whole.find_first_of("*?") != std::string_view::npos;
        clause.words.push_back({.text = std::string(word.whole), .pattern = pattern});
    }
    if (clause.words.empty()) {
        return query_error(text.at, fmt::format("no word in {}; expected a letter or a digit", text.shown()));
    }
    if (field.kind == TextField::Kind::path) {
        clause.number = canonical_number(plain);
    }
    return Clause(std::move(clause));
}

}  // namespace

Result<QueryField> parse_field(const QueryText& name) {
    const std::size_t dot = first_dot(name.raw);
    const std::string_view first = name.raw.substr(0, dot);
    if (dot == name.raw.size()) {
        if (first == "*") {
            return QueryField(AnyField{});
        }
        if (first == "key" || first == "value") {
            return QueryField(TextField{.kind = first == "key" ? TextField::Kind::key : TextField::Kind::value});
        }
        for (const auto& [known, field] : kNumberFields) {
            if (known == first) {
                return QueryField(field);
            }
        }
        return no_such_field(name);
    }
    if (first != "headers" && first != "value") {
        return no_such_field(name);
    }
    const QueryText rest{.at = name.at + dot + 1, .raw = name.raw.substr(dot + 1)};
    if (rest.has_wildcards()) {
        return query_error(rest.at, fmt::format("a wildcard in a field's name: {}; escape it", rest.shown()));
    }
    TextField field{.kind = first == "headers" ? TextField::Kind::header : TextField::Kind::path};
    append_folded_name(field.name, rest.plain());
    return QueryField(std::move(field));
}

Result<Clause> parse_clause(const QueryField& field, const QueryToken& token, TimestampMs now) {
    const QueryText& text = token.text;
    const bool range = token.kind == QueryToken::Kind::range;
    if (std::holds_alternative<AnyField>(field)) {
        return !range && text.is_star() ? Result<Clause>(EverythingClause{})
                                        : query_error(text.at, "field '*'; expected '*:*', or the name of a field");
    }
    if (const auto* number = std::get_if<NumberField>(&field)) {
        return number_clause(*number, token, now);
    }
    const auto& place = std::get<TextField>(field);
    if (range) {
        return range_clause(place, token);
    }
    if (text.is_star()) {
        return Clause(ExistsClause{place});
    }
    if (place.kind == TextField::Kind::key && text.quoted) {
        return Clause(ExactKeyClause{text.plain()});
    }
    return words_clause(place, text);
}

}  // namespace kseg::index
