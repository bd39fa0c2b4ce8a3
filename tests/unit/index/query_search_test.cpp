// SPDX-License-Identifier: Apache-2.0
// What an index says of queries: which records, how certainly, and with how much asking.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "index/query.hpp"
#include "support/memory_segment.hpp"

using namespace kseg;
using index::Query;
using test::add_simple;
using test::bits;
using test::MemorySegment;
using test::SampleRecord;

namespace {

/// "maybe surely", a digit for each record.
std::string found(MemorySegment& segment, const std::string& text) {
    const auto query = Query::parse(text, 0);
    REQUIRE_MESSAGE(query.has_value(), text);
    const auto both = segment.ask(*query);
    REQUIRE(both);
    return bits(both->maybe) + " " + bits(both->surely);
}

}  // namespace

TEST_CASE("the index alone decides where it can") {
    MemorySegment segment({.json_paths = true});
    add_simple(segment, {{.key = "k1", .value = "alpha beta"},
                         {.key = "k2", .value = "beta alpha", .headers = {{"H", "x y"}}},
                         {.value = "{\"a\":{\"b\":1.50,\"c\":\"gamma delta\"}}", .headers = {{"h", std::nullopt}}},
                         {.key = "", .value = "orderId"},
                         {.value = "{\"d\":\"100 boxes\"}"}});
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"alpha", "11000 11000"},
        {"ALPHA beta", "11000 11000"},
        {"order", "00010 00010"},
        {"orderid", "00010 00010"},
        {"NOT alpha", "00111 00111"},
        {"al*", "11000 11000"},
        {"*a", "11100 11100"},
        {"[alpha TO beta}", "11100 11100"},
        {"[1 TO 2]", "00100 00100"},
        {"\"alpha beta\"", "11000 00000"},
        {"NOT \"alpha beta\"", "11111 00111"},
        {"alpha OR \"order id\"", "11010 11000"},
        {"key:k1", "10000 10000"},
        {"key:\"k1\"", "10000 00000"},
        {"key:\"K1\"", "10000 00000"},
        {"key:\"\"", "11111 00000"},
        {"key:*", "11111 00000"},
        {"headers.h:x", "01000 01000"},
        {"headers.H:*", "01100 01100"},
        {"headers.h:\"y x\"", "01000 00000"},
        {"headers.g:*", "00000 00000"},
        {"value.a.b:1.5", "00100 00100"},
        {"value.a.b:15e-1", "00100 00100"},
        {"value.a.b:*", "00100 00100"},
        {"value.a.b:[1 TO 2]", "00100 00100"},
        {"value.d:100", "00001 00001"},
        {"value.d:1e2", "00001 00000"},
        {"value.a.c:gamma", "00100 00100"},
        {"value.a.c:\"gamma delta\"", "00100 00000"},
        {"value.c:gamma", "00000 00000"},
        {"*:*", "11111 11111"},
        {"offset:[1 TO 2]", "01100 01100"},
        {"offset:[1 TO 2] alpha", "01000 01000"},
        {"timestamp:0", "11111 11111"},
        {"attributes:0", "11111 00000"},
    };
    for (const auto& one : expected) {
        const std::string sets = found(segment, one.first);
        CHECK_MESSAGE(sets == one.second, one.first, ": ", sets);
    }
}

TEST_CASE("without paths in the index the words of the value say what they can") {
    MemorySegment segment({.json_paths = false});
    add_simple(segment, {{.value = "{\"a\":{\"b\":1.50}}"},
                         {.value = "{\"a\":{\"b\":\"1.5\"}}"},
                         {.value = "{\"a\":{\"b\":15e-1}}"},
                         {.value = "{\"a\":{\"c\":1.5}}"},
                         {.value = "{\"a\":{\"b\":\"x y\"}}"},
                         {.value = "{\"a\":{\"b\":25}}"},
                         {.value = "a b"}});
    CHECK(found(segment, "value.a.b:x") == "0000100 0000000");
    CHECK(found(segment, "value.a.b:\"x y\"") == "0000100 0000000");
    CHECK(found(segment, "value.a.b:1.5") == "1110000 0000000");
    CHECK(found(segment, "value.a.b:25") == "0010010 0000000");
    CHECK(found(segment, "value.a.b:1*") == "1110111 0000000");
    CHECK(found(segment, "value.a.b:*") == "1110111 0000000");
    CHECK(found(segment, "value.a.b:[1 TO 2]") == "1110111 0000000");
    CHECK(found(segment, "value.A:x*") == "0000100 0000000");
}

TEST_CASE("fields that the index does not have may hold anything") {
    MemorySegment segment({.key = false, .value = false, .headers = false, .json_paths = false});
    add_simple(segment, {{.key = "a", .value = "b"}, {}});
    for (const char* query : {"key:a", "b", "headers.h:x", "value.p:1", "key:\"a\"", "headers.h:*", "value.p:*", "b*",
                              "[a TO b]", "value.p:[1 TO 2]", "NOT b"}) {
        CHECK_MESSAGE(found(segment, query) == "11 00", query);
    }
    CHECK(segment.terms().asked == 0);
    CHECK(found(segment, "offset:1 b") == "01 00");
    CHECK(found(segment, "offset:1 OR b") == "11 01");
}

TEST_CASE("offsets and sequences are counted where no record is missing") {
    MemorySegment segment({});
    segment.begin_batch({.base_offset = 10, .last_offset = 14, .base_sequence = 100});
    for (std::int64_t offset = 10; offset < 15; ++offset) {
        segment.add({}, offset, 5, 0);
    }
    segment.end_batch();
    segment.begin_batch({.base_offset = 15, .last_offset = 19, .base_sequence = INT32_MAX - 1});
    for (const std::int64_t offset : {15, 16, 18}) {
        segment.add({}, offset, offset, 0);
    }
    segment.end_batch();
    segment.finish();
    CHECK(found(segment, "offset:12") == "00100000 00100000");
    CHECK(found(segment, "offset:[12 TO 16]") == "00111111 00111000");
    CHECK(found(segment, "offset:[15 TO 19]") == "00000111 00000111");
    CHECK(found(segment, "offset:[* TO 9]") == "00000000 00000000");
    CHECK(found(segment, "sequence:[101 TO 102]") == "01100000 01100000");
    CHECK(found(segment, "sequence:[0 TO 5]") == "00000111 00000000");
    CHECK(found(segment, "sequence:[3 TO 5]") == "00000000 00000000");
    CHECK(found(segment, "sequence:\"-1\"") == "00000000 00000000");
    CHECK(found(segment, "timestamp:5") == "11111000 11111000");
    CHECK(found(segment, "timestamp:[* TO 16]") == "11111111 11111000");
    CHECK(found(segment, "base_sequence:100") == "11111000 11111000");
}

TEST_CASE("what is settled is not asked any further") {
    MemorySegment segment({});
    add_simple(segment, {{.value = "a b"}, {.value = "c"}});
    const auto asked = [&segment](const std::string& text) {
        const std::size_t before = segment.terms().asked;
        static_cast<void>(found(segment, text));
        return segment.terms().asked - before;
    };
    CHECK(asked("none a b c") == 1);
    CHECK(asked("none (a OR b) c") == 1);
    CHECK(asked("(none a) OR b") == 2);
    CHECK(asked("*:* OR a OR b") == 0);
    CHECK(asked("NOT none OR a") == 1);
    CHECK(asked("a b") == 2);
    CHECK(asked("\"none a b\"") == 1);
    CHECK(asked("\"a a a a\"") == 1);
}

TEST_CASE("a scan reads no terms that cannot match") {
    MemorySegment segment({});
    std::vector<SampleRecord> records;
    for (int i = 0; i < 1000; ++i) {
        records.push_back({.value = fmt::format("w{:03} x{:03}", i, i), .headers = {{"h", fmt::format("v{}", i)}}});
    }
    add_simple(segment, records);
    const auto scanned = [&segment](const std::string& text) {
        const std::size_t before = segment.terms().scanned;
        static_cast<void>(found(segment, text));
        return segment.terms().scanned - before;
    };
    CHECK(scanned("w12*") == 11);
    CHECK(scanned("[w100 TO w109]") == 11);
    CHECK(scanned("headers.h:v99*") == 11);
    CHECK(scanned("headers.g:*") == 0);
    CHECK(scanned("[1 TO 5]") <= 1);
}

TEST_CASE("an error of the index is handed on") {
    MemorySegment segment({});
    add_simple(segment, {{.value = "a"}});
    segment.terms().fails = true;
    for (const char* text : {"a", "a*", "\"a b\"", "[a TO b]", "key:\"a\"", "headers.h:*", "x OR NOT a"}) {
        const auto failed = segment.ask(*Query::parse(text, 0));
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == Errc::io);
    }
}
