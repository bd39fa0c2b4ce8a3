// SPDX-License-Identifier: Apache-2.0
// What queries mean, written by hand from the language's description, and what is no query, with where and why.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <variant>
#include <vector>

#include "index/query.hpp"

using namespace kseg;
using namespace kseg::index;

namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;

std::string name_of(const TextField& field) {
    switch (field.kind) {
        case TextField::Kind::key: return "key";
        case TextField::Kind::value: return "value";
        case TextField::Kind::header: return "headers." + field.name;
        case TextField::Kind::path: return "value." + field.name;
    }
    return "?";
}

// Clauses as text: words between slashes, patterns behind '~', '#' for what is compared by value.
struct Describe {
    std::string operator()(const EverythingClause&) const { return "everything"; }
    std::string operator()(const WordsClause& clause) const {
        std::string out = name_of(clause.field) + (clause.number ? "#" + *clause.number : "") + " ";
        for (const QueryWord& word : clause.words) {
            out += std::string(out.ends_with(' ') ? "" : "/") + (word.pattern ? "~" : "") + word.text;
        }
        return out;
    }
    std::string operator()(const ExactKeyClause& clause) const { return "key = " + clause.key; }
    std::string operator()(const TermRangeClause& clause) const {
        return fmt::format("{} {}{}{}..{}{}", name_of(clause.field), clause.by_number ? "#" : "",
                           clause.with_low ? "[" : "{", clause.low.value_or("*"), clause.high.value_or("*"),
                           clause.with_high ? "]" : "}");
    }
    std::string operator()(const ExistsClause& clause) const { return name_of(clause.field) + " exists"; }
    std::string operator()(const NumberClause& clause) const {
        constexpr const char* kNames[] = {"offset",       "timestamp",   "producer_id",   "producer_epoch", "sequence",
                                          "leader_epoch", "base_offset", "base_sequence", "attributes",     "transactional",
                                          "control",      "codec",       "timestamp_type"};
        const auto bound = [](std::int64_t value) {
            const bool open = value == std::numeric_limits<std::int64_t>::min() || value == INT64_MAX;
            return open ? "*" : std::to_string(value);
        };
        return fmt::format("{} {}..{}", kNames[static_cast<std::size_t>(clause.field)], bound(clause.low),
                           bound(clause.high));
    }
};

/// The tree of a query, operators before their operands.
std::string tree(const std::string& text) {
    const auto query = Query::parse(text, kNow);
    if (!query) {
        return query.error().message();
    }
    std::vector<std::string> stack;
    for (const QueryStep& step : query->steps()) {
        if (step.kind == QueryStep::Kind::clause) {
            stack.push_back(std::visit(Describe(), step.clause));
            continue;
        }
        const std::string last = stack.back();
        stack.pop_back();
        if (step.kind == QueryStep::Kind::negate) {
            stack.push_back("not(" + last + ")");
        } else {
            stack.back() =
                fmt::format("{}({}, {})", step.kind == QueryStep::Kind::all_of ? "and" : "or", stack.back(), last);
        }
    }
    REQUIRE(stack.size() == 1);
    return stack.back();
}

struct Case {
    std::string query;
    std::string expected;
};

void check(const std::vector<Case>& cases) {
    for (const Case& c : cases) {
        CAPTURE(c.query);
        CHECK(tree(c.query) == c.expected);
    }
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

}  // namespace

TEST_CASE("operators bind as NOT, AND, OR, and what stands side by side is joined by AND") {
    check({
        {"a", "value a"},
        {"a b", "and(value a, value b)"},
        {"a AND b", "and(value a, value b)"},
        {"a && b", "and(value a, value b)"},
        {"a&&b", "and(value a, value b)"},
        {"a OR b", "or(value a, value b)"},
        {"a || b", "or(value a, value b)"},
        {"a||b", "or(value a, value b)"},
        {"a b c", "and(and(value a, value b), value c)"},
        {"a OR b c", "or(value a, and(value b, value c))"},
        {"a b OR c d OR e", "or(or(and(value a, value b), and(value c, value d)), value e)"},
        {"NOT a b", "and(not(value a), value b)"},
        {"a NOT b", "and(value a, not(value b))"},
        {"a AND NOT b", "and(value a, not(value b))"},
        {"a OR NOT b", "or(value a, not(value b))"},
        {"!a", "not(value a)"},
        {"-a", "not(value a)"},
        {"- a", "not(value a)"},
        {"a -b", "and(value a, not(value b))"},
        {"a - b", "and(value a, not(value b))"},
        {"NOT NOT a", "value a"},
        {"NOT ! - a", "not(value a)"},
        {"+a +b", "and(value a, value b)"},
        {"+a OR -+b", "or(value a, not(value b))"},
        {"(a OR b) c", "and(or(value a, value b), value c)"},
        {"a(b)", "and(value a, value b)"},
        {"a \"b\"c", "and(and(value a, value b), value c)"},
        {"NOT (a OR b)", "not(or(value a, value b))"},
        {"-(a b) c", "and(not(and(value a, value b)), value c)"},
        {"((a))", "value a"},
        {"\ta\n\r b ", "and(value a, value b)"},
        {"and or not to TO", "and(and(and(and(value and, value or), value not), value to), value to)"},
        {"\"AND\" \\OR", "and(value and, value or)"},
        {"a & b | c", "offset 2: no word in '&'; expected a letter or a digit"},
    });
}

TEST_CASE("a field is that of its clause, or of the parenthesis behind it") {
    check({
        {"key:a b", "and(key a, value b)"},
        {"key:(a b) c", "and(and(key a, key b), value c)"},
        {"key:(a (b OR value:c) headers.h:(d)) e", "and(and(and(key a, or(key b, value c)), headers.h d), value e)"},
        {"key: a", "key a"},
        {"-key:a", "not(key a)"},
        {"-key:(a -b)", "not(and(key a, not(key b)))"},
        {"headers.Trace-Id:x", "headers.trace-id x"},
        {"headers.content\\:type:x", "headers.content:type x"},
        {"headers.\xc3\x84:x", "headers.\xc3\xa4 x"},
        {"headers.:x", "headers. x"},
        {"headers.a.b:x", "headers.a.b x"},
        {"value.Order.ID:x", "value.order.id x"},
        {"value.a\\ b:x", "value.a b x"},
        {"value.a\\*:x", "value.a* x"},
        {"value.:x", "value. x"},
        {"*", "everything"},
        {"*:*", "everything"},
        {"(*)", "everything"},
        {"key:*", "key exists"},
        {"key:(* a)", "and(key exists, key a)"},
        {"value:*", "value exists"},
        {"value:(*:*)", "everything"},
        {"headers.h:*", "headers.h exists"},
        {"value.p:*", "value.p exists"},
        {"value.p:(1 \"x\" *)", "and(and(value.p#1 1, value.p x), value.p exists)"},
    });
}

TEST_CASE("the text of a clause becomes words, and wildcards patterns") {
    check({
        {"Straße", "value strasse"},
        {"10.0.0.1", "value 10/0/0/1"},
        {"550e8400-e29b*", "value 550e8400/~e29b*"},
        {"orderId", "value orderid"},
        {"order_id", "value order_id"},
        {"\"The quick, brown\"", "value the/quick/brown"},
        {"\"a*b?\"", "value a/b"},
        {"a*b?", "value ~a*b?"},
        {"a\\*b\\?", "value a/b"},
        {"a\\*b*", "value a/~b*"},
        {"a\\\\*", "value a/~*"},
        {"a\\bc", "value abc"},
        {"a\\ b", "value a/b"},
        {"a\\:b", "value a/b"},
        {"\\(a\\)", "value a"},
        {"\"a\\\"b\"", "value a/b"},
        {"\"a\\\\\"", "value a"},
        {"**", "value ~**"},
        {"?", "value ~?"},
        {"*a", "value ~*a"},
        {"a!b-c+d", "value a/b/c/d"},
        {"http\\://x/y", "value http/x/y"},
        {"a/b", "value a/b"},
        {"日本*", "value 日/本/~*"},
        {"a^2", "value a"},
        {"\"a b\"^0.5 c", "and(value a/b, value c)"},
        {"(a OR b)^3", "or(value a, value b)"},
        {"[a TO b]^2", "value [a..b]"},
        {"a\\^2", "value a/2"},
        {"a\\~", "value a"},
        {"key:\"Exact: *\"", "key = Exact: *"},
        {"key:\"a\\\"b\\\\c\"", "key = a\"b\\c"},
        {"key:\"\"", "key = "},
        {"key:(\"A\" \"B\")", "and(key = A, key = B)"},
        {"key:Abc", "key abc"},
        {"value.p:\"15\"", "value.p#15 15"},
        {"value.p:1.50", "value.p#1.5 1/50"},
        {"value.p:1e3", "value.p#1000 1e3"},
        {"value.p:\\-5", "value.p#-5 5"},
        {"value.p:\"-5\"", "value.p#-5 5"},
        {"value.p:007", "value.p 007"},
        {"value.p:1*", "value.p ~1*"},
        {"value.p:1e999", "value.p 1e999"},
        {"value:15", "value 15"},
    });
}

TEST_CASE("ranges are by value where both bounds are numbers, otherwise by bytes") {
    check({
        {"[a TO b]", "value [a..b]"},
        {"{A TO Ä}", "value {a..ä}"},
        {"[a TO b}", "value [a..b}"},
        {"{a TO b]", "value {a..b]"},
        {"[* TO b]", "value [*..b]"},
        {"[a TO *}", "value [a..*}"},
        {"[* TO *]", "value [*..*]"},
        {"[1 TO 10]", "value #[1..10]"},
        {"[-5 TO 1.50]", "value #[-5..1.5]"},
        {"[1e3 TO *]", "value #[1000..*]"},
        {"[* TO -0}", "value #[*..0}"},
        {"[\"1\" TO \"10\"]", "value #[1..10]"},
        {"[1 TO b]", "value [1..b]"},
        {"[007 TO 010]", "value [007..010]"},
        {"key:[\"a\" TO \"b\"]", "key [a..b]"},
        {"headers.h:{a TO b}", "headers.h {a..b}"},
        {"value.p:[ 1  TO\t5 ]", "value.p #[1..5]"},
        {"key:([a TO b] OR {c TO d})", "or(key [a..b], key {c..d})"},
        {"[a\\] TO b]", "value [a..b]"},
        {"[a TO b] c", "and(value [a..b], value c)"},
    });
}

TEST_CASE("filters take numbers, times and names, and ranges of numbers") {
    check({
        {"offset:5", "offset 5..5"},
        {"offset:\"-5\"", "offset -5..-5"},
        {"offset:[5 TO 10]", "offset 5..10"},
        {"offset:{5 TO 10}", "offset 6..9"},
        {"offset:[5 TO *]", "offset 5..*"},
        {"offset:{5 TO *}", "offset 6..*"},
        {"offset:{* TO 5}", "offset *..4"},
        {"offset:*", "offset *..*"},
        {"offset:(1 OR 3)", "or(offset 1..1, offset 3..3)"},
        {"offset:{5 TO 6}", "offset 6..5"},
        {"offset:{9223372036854775807 TO *]", "offset 1..0"},
        {"offset:[* TO -9223372036854775808}", "offset 1..0"},
        {"offset:{-9223372036854775808 TO 9223372036854775807}", "offset -9223372036854775807..9223372036854775806"},
        {"timestamp:1700000000000", "timestamp 1700000000000..1700000000000"},
        {"timestamp:\"2023-11-14T22:13:20Z\"", "timestamp 1700000000000..1700000000000"},
        {"timestamp:[2023-11-14T22:13:20Z TO 2023-11-14T22:13:21.5Z}", "timestamp 1700000000000..1700000001499"},
        {"timestamp:[\"-2h\" TO *]", "timestamp 1699992800000..*"},
        {"timestamp:[-2h TO -1h]", "timestamp 1699992800000..1699996400000"},
        {"timestamp:\"-1s\"", "timestamp 1699999999000..1699999999000"},
        {"timestamp:2023-11-14", "timestamp 1699920000000..1699920000000"},
        {"producer_id:1 producer_epoch:2", "and(producer_id 1..1, producer_epoch 2..2)"},
        {"sequence:[0 TO 9] leader_epoch:3", "and(sequence 0..9, leader_epoch 3..3)"},
        {"base_offset:1 OR base_sequence:2", "or(base_offset 1..1, base_sequence 2..2)"},
        {"attributes:0", "attributes 0..0"},
        {"transactional:true", "transactional 1..1"},
        {"control:false", "control 0..0"},
        {"codec:none", "codec 0..0"},
        {"codec:gzip", "codec 1..1"},
        {"codec:snappy", "codec 2..2"},
        {"codec:lz4", "codec 3..3"},
        {"codec:(zstd OR \"none\")", "or(codec 4..4, codec 0..0)"},
        {"codec:*", "codec *..*"},
        {"timestamp_type:(none OR create OR log_append)",
         "or(or(timestamp_type 0..0, timestamp_type 1..1), timestamp_type 2..2)"},
    });
}

TEST_CASE("what is no query is refused with the place and a way out") {
    const std::string sign = "; escape or quote it";
    check({
        {"", "offset 0: expected a clause, got the end"},
        {"   ", "offset 3: expected a clause, got the end"},
        {"a AND", "offset 5: expected a clause, got the end"},
        {"AND a", "offset 0: expected a clause, got 'AND'" + sign},
        {"a AND OR b", "offset 6: expected a clause, got 'OR'" + sign},
        {"a OR || b", "offset 5: expected a clause, got '||'" + sign},
        {"NOT", "offset 3: expected a clause, got the end"},
        {"()", "offset 1: expected a clause, got ')'" + sign},
        {"(a OR)", "offset 5: expected a clause, got ')'" + sign},
        {"a (b", "offset 2: '(' without ')'" + sign},
        {"a) b", "offset 1: ')' without '('" + sign},
        {"https://x", "offset 0: unknown field 'https'; quote the text or escape the ':'"},
        {"a KEY:x", "offset 2: unknown field 'KEY'; quote the text or escape the ':'"},
        {"headers:x", "offset 0: unknown field 'headers'; expected headers.NAME"},
        {"header.a:x", "offset 0: unknown field 'header.a'; expected headers.NAME"},
        {"offset.a:x", "offset 0: unknown field 'offset.a'; quote the text or escape the ':'"},
        {"value:http://x", "offset 10: a second ':' in a clause; quote the text or escape the ':'"},
        {"headers.*:x", "offset 8: a wildcard in a field's name: '*'; escape it"},
        {"*:a", "offset 2: field '*'; expected '*:*', or the name of a field"},
        {"*:(a)", "offset 2: field '*'; expected '*:*', or the name of a field"},
        {"key:", "offset 4: expected a clause behind the field, got the end"},
        {"(key:)", "offset 5: expected a clause behind the field, got ')'" + sign},
        {"key:-5", "offset 4: expected a clause behind the field, got '-'" + sign},
        {"key:AND", "offset 4: expected a clause behind the field, got 'AND'" + sign},
        {"key:NOT a", "offset 4: expected a clause behind the field, got 'NOT'" + sign},
        {":a", "offset 0: ':' where a clause is expected" + sign},
        {"a :b", "offset 2: ':' where a clause is expected" + sign},
        {"\"a\":b", "offset 3: ':' where a clause is expected" + sign},
        {"a]", "offset 1: ']' where a clause is expected" + sign},
        {"^2", "offset 0: '^' where a clause is expected" + sign},
        {"a~", "offset 1: '~' (fuzzy, or a phrase's slop) is not supported" + sign},
        {"\"a b\"~2", "offset 5: '~' (fuzzy, or a phrase's slop) is not supported" + sign},
        {"~a", "offset 0: '~' (fuzzy, or a phrase's slop) is not supported" + sign},
        {"a^", "offset 1: '^' without a number" + sign},
        {"a^b", "offset 1: '^' without a number" + sign},
        {"a^2.", "offset 1: '^' without a number" + sign},
        {"a^2b", "offset 1: '^' without a number" + sign},
        {"a \"b", "offset 2: a quote without its end; escape it to look for what it is in"},
        {"\"b\\\"", "offset 0: a quote without its end; escape it to look for what it is in"},
        {"a\\", "offset 1: a backslash with nothing behind it"},
        {"a -- \"\"", "offset 6: no word in ''; expected a letter or a digit"},
        {"value:\"*\"", "offset 7: no word in '*'; expected a letter or a digit"},
        {"a ___", "offset 2: no word in '___'; expected a letter or a digit"},
        {"[a b]", "offset 3: no TO in a range; expected [LOW TO HIGH]; escape or quote a bracket"},
        {"{\"a\":1}", "offset 4: no TO in a range; expected [LOW TO HIGH]; escape or quote a bracket"},
        {"[a TO b", "offset 0: a range without its end; expected [LOW TO HIGH]; escape or quote a bracket"},
        {"x [a", "offset 2: a range without its end; expected [LOW TO HIGH]; escape or quote a bracket"},
        {"[TO b]", "offset 1: a range's bound is missing; expected [LOW TO HIGH]; '*' is an open bound"},
        {"[a TO ]", "offset 6: a range's bound is missing; expected [LOW TO HIGH]; '*' is an open bound"},
        {"[]", "offset 1: a range's bound is missing; expected [LOW TO HIGH]; '*' is an open bound"},
        {"[a TO b c]", "offset 8: a range's bound of several words; quote it, or close the range"},
        {"[\"a b\" TO c]", "offset 2: a range's bound; expected one word, got 'a b'"},
        {"[a TO 1.5]", "offset 6: a range's bound; expected one word, got '1.5'"},
        {"[a TO \"\"]", "offset 7: a range's bound; expected one word, got ''"},
        {"[a* TO b]", "offset 1: a wildcard in a range's bound: 'a*'" + sign},
        {"offset:abc", "offset 7: number; expected a whole one of 64 bits, got 'abc'"},
        {"offset:1*", "offset 7: number; expected a whole one of 64 bits, got '1*'"},
        {"offset:1.5", "offset 7: number; expected a whole one of 64 bits, got '1.5'"},
        {"offset:9223372036854775808", "offset 7: number; expected a whole one of 64 bits, got '9223372036854775808'"},
        {"offset:\"\"", "offset 8: number; expected a whole one of 64 bits, got ''"},
        {"offset:[a TO 5]", "offset 8: number; expected a whole one of 64 bits, got 'a'"},
        {"offset:[5 TO b]", "offset 13: number; expected a whole one of 64 bits, got 'b'"},
        {"timestamp:soon", "offset 10: time; expected milliseconds, RFC 3339 or, quoted, one like \"-2h\", got 'soon'"},
        {"codec:brotli", "offset 6: value; expected none, gzip, snappy, lz4, zstd, got 'brotli'"},
        {"codec:[gzip TO lz4]", "offset 7: a range of names; expected one of none, gzip, snappy, lz4, zstd"},
        {"control:1", "offset 8: value; expected false, true, got '1'"},
    });
}

TEST_CASE("length, depth and number of clauses are limited") {
    CHECK(Query::parse("a" + std::string(Query::kMaxBytes - 1, ' '), 0));
    const auto long_one = Query::parse(std::string(Query::kMaxBytes + 1, 'a'), 0);
    REQUIRE_FALSE(long_one);
    CHECK(long_one.error().message() == "offset 65536: query; expected at most 65536 bytes, got 65537");

    CHECK(Query::parse(repeated("(", 64) + "a" + repeated(")", 64), 0));
    const auto deep = Query::parse(repeated("(", 65) + "a" + repeated(")", 65), 0);
    REQUIRE_FALSE(deep);
    CHECK(deep.error().message() == "offset 64: parentheses; expected at most 64 levels");

    CHECK(Query::parse(repeated("a ", 1024), 0));
    const auto many = Query::parse(repeated("a ", 1025), 0);
    REQUIRE_FALSE(many);
    CHECK(many.error().message() == "offset 2048: query; expected at most 1024 clauses");

    // Signs nest without a limit: they cost nothing.
    CHECK(tree(repeated("!", 60'001) + "a") == "not(value a)");
    CHECK(tree(repeated("NOT ", 10'000) + "a") == "value a");
    CHECK(Query::parse(repeated("\"a\" b) ", 9000), 0).error().code == Errc::invalid);
}
