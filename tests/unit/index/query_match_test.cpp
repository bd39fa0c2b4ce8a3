// SPDX-License-Identifier: Apache-2.0
// Which records a query is true of. The expectations are written by hand from the description of the language
// (man/kseg-query.1, QUERY) and of words (man/kseg-index.5, WORDS).
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "index/query.hpp"
#include "support/sample_records.hpp"

using namespace kseg;
using index::Query;
using index::QueryMatcher;
using test::SampleRecord;

namespace {

struct Asked {
    record::BatchHeader batch{};
    std::int64_t base_offset = 0;
    record::RecordView record{};
};

bool matches(const std::string& text, const Asked& asked) {
    const auto query = Query::parse(text, 0);
    REQUIRE_MESSAGE(query.has_value(), text, ": ", query.error().message());
    QueryMatcher matcher(*query);
    return matcher.matches(asked.batch, asked.base_offset, asked.record);
}

struct Case {
    SampleRecord record;
    std::vector<std::string> yes;
    std::vector<std::string> no;
};

void check(const Case& c) {
    test::SampleViews views;
    const Asked asked{.record = views.view(c.record)};
    for (const std::string& query : c.yes) {
        CHECK_MESSAGE(matches(query, asked), query);
        CHECK_MESSAGE(!matches("NOT (" + query + ")", asked), query);
    }
    for (const std::string& query : c.no) {
        CHECK_MESSAGE(!matches(query, asked), query);
        CHECK_MESSAGE(matches("NOT (" + query + ")", asked), query);
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

TEST_CASE("words are found by whole or part in any case") {
    check({.record = {.value = "Shipped orderId=42 to HTTPServer_7 of order_item, item42"},
           .yes = {"shipped", "SHIPPED", "orderid", "ORDERID", "orderId", "order", "id", "42", "http", "server", "Server",
                   "httpserver_7", "7", "order_item", "item", "item42", "of"},
           .no = {"ship", "shippe", "order_id", "rderid", "httpserver", "server_7", "item4", "orderitem", "items", "o",
                  "_item",
                  "__"
                  "item"}});
    check({.record = {.value = "_id __init__ a_b_ 25T20 utf8Decoder ABc"},
           .yes = {"_id", "id", "__init__", "init", "a_b_", "a", "b", "25t20", "25", "t20", "utf8", "decoder",
                   "utf8decoder", "abc", "bc"},
           .no = {"_init_", "a_b", "20", "utf", "8", "ab", "c"}});
    check({.record = {.value = "Stra\xc3\x9f"
                               "e M\xc3\x9cLLER \xe2\x84\xaa"
                               "elvin \xef\xac\x81le na\xc3\xafve"},
           .yes = {"strasse", "STRASSE",
                   "stra\xc3\x9f"
                   "e",
                   "m\xc3\xbcller", "M\xc3\x9cLLER", "kelvin", "file", "na\xc3\xafve", "m?ller", "*sse"},
           .no = {"strase", "muller", "naive", "fle"}});
    check({.record = {.value = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e text\xf0\x9f\x98\x80here"},
           .yes = {"\xe6\x97\xa5", "\xe6\x9c\xac\xe8\xaa\x9e", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "text", "here",
                   "\xf0\x9f\x98\x80", "\"\xe8\xaa\x9e text\"", "\xe6\x97\xa5*"},
           .no = {"\xe6\x97\xa5\xe8\xaa\x9e", "texthere", "\xe8\xaa\x9e\xe6\x9c\xac", "\xe8\xaa\x9e\xe6\x97\xa5"}});
    check({.record = {.value = "ab\xff"
                               "cd \xc3"},
           .yes = {"ab", "cd", "ab.cd"},
           .no = {"abcd", "ab*d"}});
}

TEST_CASE("several words follow one another, as parts or wholes") {
    check({.record = {.value = "The quick brown fox; from 10.0.0.1 at 3.14, id 550e8400-e29b-41d4-a716-446655440000"},
           .yes = {"\"quick brown\"", "\"the quick brown fox\"", "\"brown fox from 10\"", "10.0.0.1", "3.14", "\"at 3\"",
                   "550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B*", "e29b-*-a716", "qu*-br*", "0.0"},
           .no = {"\"quick fox\"", "\"brown quick\"", "\"fox the\"", "10.0.1", "3.1", "0.0.0", "550e8400-41d4",
                  "\"fox fox\"", "e29b-*-446655440000"}});
    check({.record = {.value = "orderId"}, .yes = {"order.id", "\"order id\"", "\"ORDER ID\""}, .no = {"id.order"}});
    check({.record = {.value = "order_id"}, .yes = {"order.id", "order_id", "ord*-i?"}, .no = {"orderid", "orderId"}});
    check({.record = {.value = "order id"}, .yes = {"order.id"}, .no = {"orderid", "order_id"}});
    check({.record = {.value = "orderid"}, .yes = {"orderId"}, .no = {"order.id", "order"}});
    // The next word stands behind a whole's parts, or behind the part.
    check({.record = {.value = "my orderId is customerName here"},
           .yes = {"\"my orderid is\"", "\"my order id is\"", "\"id is customer\"", "\"is customername here\"",
                   "\"orderid is customer name here\"", "\"order id is customername here\"", "my-ord*-is", "*y-or*-i?-*s"},
           .no = {"\"my order is\"", "\"orderid id\"", "\"order orderid\"", "\"my id\"", "\"customer here\"",
                  "\"customername name\"", "\"my ord* is\"", "my-or*-order"}});
    // Each of two readings may be the one that goes on.
    check({.record = {.value = "aB c; aB b c"},
           .yes = {"\"ab c\"", "\"a b c\"", "\"a b b c\"", "\"ab b c\"", "\"b c\"", "\"b b c\""},
           .no = {"\"a c\"", "\"ab ab c\"", "\"a b a b\" NOT ab", "\"b b b\""}});
    check({.record = {.value = "a a a b a a"},
           .yes = {"\"a a a b\"", "\"a b a\"", "\"a a\"", "\"b a a\"", "\"a a a b a a\""},
           .no = {"\"a a a a\"", "\"b b\"", "\"a a a a b\"", "\"a a a b a a a\""}});
    check({.record = {.value = "_id x"}, .yes = {"\"_id x\"", "\"id x\""}, .no = {"\"_id id x\""}});
}

TEST_CASE("patterns match a whole or a part entirely") {
    check({.record = {.value = "customerName caf\xc3\xa9 x1y2z3 aab"},
           .yes = {"cust*",       "*name", "*erna*", "c*",     "customer*", "c?stomername", "caf?",
                   "ca*\xc3\xa9", "?a*",   "x*3",    "x*y*z*", "??y2z?",    "a*b",          "a*ab",
                   "*",           "**",    "?*",     "name*",  "*customer", "aa?"},
           .no = {"ust*", "*nam", "caf??", "x?3", "x*y*x", "a?b?", "?name", "????????????????*", "*aaab", "customer?",
                  "cafe*"}});
    check({.record = {.value = "a*b c?d"}, .yes = {"a\\*b", "\"a*b\"", "c\\?d"}, .no = {"ab", "a\\*c"}});
    check({.record = {.value = repeated("a", 5000)},
           .yes = {"a*a", repeated("a*", 30), repeated("a", 5000), repeated("a", 4999) + "?"},
           .no = {repeated("a*", 30) + "b", repeated("a", 255), repeated("a", 4999), "b*"}});
}

TEST_CASE("keys are text, and exact in quotes") {
    check({.record = {.key = "User-42", .value = "v"},
           .yes = {"key:user", "key:42", "key:user-42", "key:u*", "key:\"User-42\"", "key:*", "key:(user 42)",
                   "key:[a TO z]", "key:[40 TO 50]", "NOT key:\"user-42\"", "key:(\"User-42\" OR nobody)"},
           .no = {"user", "key:\"user-42\"", "key:\"User\"", "key:\"User-42 \"", "key:v", "key:\"\"", "key:use",
                  "key:[1 TO 2]", "key:42-user"}});
    check({.record = {.key = "", .value = ""},
           .yes = {"key:\"\"", "key:*", "value:*", "*:*", "*"},
           .no = {"key:a", "key:**", "value:**", "key:[* TO *]", "a", "value:?"}});
    check({.record = {},
           .yes = {"NOT key:*", "NOT value:*", "*:*", "NOT key:\"\"", "NOT a"},
           .no = {"key:*", "value:*", "key:\"\"", "key:a", "a", "key:**", "value:[* TO *]", "headers.a:*", "value.a:*"}});
    check({.record = {.key = "a\"b\\c*\xff"},
           .yes = {"key:\"a\\\"b\\\\c*\xff\"", "key:a", "key:a.b.c"},
           .no = {"key:\"a\""}});
    check({.record = {.key = "{\"id\":\"x\\u0041y\"}"},
           .yes = {"key:xay", "key:id.xay", "key:\"{\\\"id\\\":\\\"x\\\\u0041y\\\"}\""},
           .no = {"key:u0041y", "key:\"{\\\"id\\\":\\\"xAy\\\"}\""}});
}

TEST_CASE("headers are found by folded name, each by itself") {
    check({.record = {.key = "k",
                      .value = "v",
                      .headers = {{"Trace-ID", "abc-123"},
                                  {"trace-id", "second value"},
                                  {"empty", ""},
                                  {"null", std::nullopt},
                                  {"", "nameless"},
                                  {"a:b c", "odd"},
                                  {"\xc3\x84\xff", "bytes"},
                                  {"json", "{\"a\":\"caf\\u00e9\"}"}}},
           .yes = {"headers.trace-id:abc", "headers.TRACE-ID:123", "headers.Trace-Id:\"abc 123\"",
                   "headers.trace-id:(abc second)", "headers.trace-id:val*", "headers.empty:*", "headers.null:*",
                   "headers.:nameless", "headers.a\\:b\\ c:odd", "headers.\xc3\xa4\xef\xbf\xbd:bytes", "headers.:*",
                   "headers.json:caf\xc3\xa9", "headers.json:a", "headers.trace-id:[aa TO ac]",
                   "headers.trace-id:[100 TO 200]"},
           .no = {"headers.trace:abc", "headers.trace-id:\"123 second\"", "headers.trace-id:\"abc second\"",
                  "headers.empty:**", "headers.null:**", "headers.null:null", "headers.none:*", "headers.x:nameless",
                  "headers.json:u00e9", "headers.trace-id:[ad TO b]", "abc", "key:abc", "headers.trace-id:[200 TO 300]"}});
}

TEST_CASE("JSON is read with its escapes resolved") {
    check({.record = {.value = "{\"Na\\u006de\":\"caf\\u00e9\\nline\",\"s\":\"\\ud83d\\ude00 x\\ud800y\"}"},
           .yes = {"name", "caf\xc3\xa9", "line", "\"caf\xc3\xa9 line\"", "\xf0\x9f\x98\x80", "x.y", "na*"},
           .no = {"nline", "u00e9", "u006de", "na", "xy", "d83d"}});
    check({.record = {.value = "not json \\u0041 \\n"}, .yes = {"u0041", "n"}, .no = {"a"}});
    check({.record = {.value = "{\"a\":\"\\u0041\",}"}, .yes = {"u0041"}, .no = {"value.a:a"}});
    check({.record = {.value = " \"just a \\u0073tring\" "}, .yes = {"string"}, .no = {"tring", "value.:string"}});
}

TEST_CASE("paths lead to scalars of a JSON value") {
    const std::string json =
        "{\"Order\":{\"id\":1500,\"total\":\"12.50 EUR\",\"tags\":[\"new order\",\"gift\"],\"price\":1.50,\"paid\":true,"
        "\"note\":null,\"code\":\"007\",\"lines\":[{\"sku\":\"A-1\",\"n\":2},{\"sku\":\"B-2\",\"n\":1e3}],\"empty\":\"\","
        "\"deep\":{},\"neg\":-0.5},\"order.id\":\"dotted\",\"big\":12345678901234567890123,\"huge\":1e999}";
    check({.record = {.value = json},
           .yes = {"value.order.id:1500",
                   "value.ORDER.ID:1500",
                   "value.order.id:1.5e3",
                   "value.order.id:\"1500.0\"",
                   "value.order.id:15*",
                   "value.order.total:eur",
                   "value.order.total:\"12.50 eur\"",
                   "value.order.total:12.5*",
                   "value.order.total:12.50",
                   "value.order.tags:gift",
                   "value.order.tags:\"new order\"",
                   "value.order.price:1.5",
                   "value.order.price:1.50",
                   "value.order.price:1?5",
                   "value.order.paid:true",
                   "value.order.note:null",
                   "value.order.note:*",
                   "value.order.code:007",
                   "value.order.lines.sku:a-1",
                   "value.order.lines.sku:b",
                   "value.order.lines.n:2",
                   "value.order.lines.n:1000",
                   "value.order.lines.n:1e3",
                   "value.order.empty:*",
                   "value.order.id:dotted",
                   "value.order.neg:\"-0.5\"",
                   "value.order.neg:\\-0.5",
                   "value.big:12345678901234567890123",
                   "value.huge:1e999",
                   "value.huge:*"},
           .no = {"value.order.id:1501",
                  "value.order.id:150",
                  "value.id:1500",
                  "value.order:1500",
                  "value.order:*",
                  "value.order.deep:*",
                  "value.order.tags:\"order gift\"",
                  "value.order.price:1.6",
                  "value.order.price:1",
                  "value.order.price:50",
                  "value.order.price:\"1 5\"",
                  "value.order.code:7",
                  "value.order.total:12.5",
                  "value.order.empty:**",
                  "value.order.neg:0.5",
                  "value.order.lines.n:3",
                  "value.order.lines.sku:\"1 b\"",
                  "value.order.paid:false",
                  "value.big:12345678901234567890124",
                  "value.none:*",
                  "value.order.lines:*",
                  "value.:*"}});
    check({.record = {.value = json},
           .yes = {"value.order.id:[1000 TO 2000]", "value.order.id:[* TO 1500]", "value.order.id:{1499.9 TO *]",
                   "value.order.neg:[-1 TO 0]", "value.order.lines.n:[999 TO 1001]", "value.order.price:{1 TO 2}",
                   "value.order.total:[12 TO 13]", "value.order.total:[50 TO 50]", "value.order.tags:[gi TO gj]",
                   "value.order.paid:[t TO u]", "value.order.id:[1 TO x]", "value.big:{12345678901234567890122 TO *}",
                   "value.order.lines.sku:[a TO a]", "value.order.code:[00 TO 01]", "value.order.price:[1 TO b]"},
           .no = {"value.order.id:{1500 TO *]", "value.order.id:[* TO 1500}", "value.order.neg:[0 TO *]",
                  "value.order.total:[13 TO 20]", "value.order.code:[7 TO 7]", "value.order.tags:[h TO i]",
                  "value.huge:[1 TO *]", "value.order.empty:[* TO *]", "value.order.lines.n:[3 TO 999]",
                  "value.none:[* TO *]", "value.big:{12345678901234567890123 TO *}"}});
    check({.record = {.value = "[1,[\"x\",{\"a\":[[3]]}]]"},
           .yes = {"value.:1", "value.:x", "value.a:3", "value.:*"},
           .no = {"value.:3", "value.x:*", "value.:\"1 x\""}});
    check({.record = {.value = "{\"a\":[\"x\",5,\"y\",true,\"z w\"]}"},
           .yes = {"value.a:5", "value.a:(x y)", "value.a:\"z w\""},
           .no = {"value.a:\"x 5\"", "value.a:\"5 y\"", "value.a:\"y true\"", "value.a:\"x y\""}});
    check({.record = {.value = "42"}, .yes = {"42", "[40 TO 50]"}, .no = {"value.:42", "value.:*"}});
    check({.record = {.value = "{\"a\":1"}, .yes = {"a", "1"}, .no = {"value.a:1", "value.a:*"}});
    check({.record = {.value = "{\"\":{\"b\":1},\"A\\u0000\":2,\"x-y z\":3,\"\xc3\x89t\xc3\xa9\":\"ok\"}"},
           .yes = {"value..b:1", "value.a\xef\xbf\xbd:2", "value.x-y\\ z:3", "value.\xc3\xa9T\xc3\x89:ok"},
           .no = {"value.b:1", "value.a:2"}});
}

TEST_CASE("ranges go by value between numbers and by bytes otherwise") {
    check({.record = {.value = "item 9 costs 12.50, code 007, batch b17, Zebra \xc3\xa9t\xc3\xa9, 1e2"},
           .yes = {"[9 TO 9]", "[10 TO 12]", "{49 TO 51}", "[8.5 TO 9.5]", "[100 TO 100]", "[* TO 9]", "[100 TO *]",
                   "[zebra TO zebra]", "[z TO *]", "[b TO c]", "[item TO itemz]", "[007 TO 008]", "[1 TO 1z]",
                   "[\xc3\xa9 TO *]", "[\"9\" TO 9.0]", "[* TO *]"},
           .no = {"{9 TO 10}", "[7 TO 8]", "[13 TO 40]", "[101 TO *]", "[* TO 0]", "[10 TO 2]", "[c\xc3\xa9 TO cm]",
                  "{zebra TO zf}", "[-5 TO 8]", "{item TO itemz]", "[\xc3\xaa TO *]", "{007 TO 008]", "[* TO 0}"}});
}

TEST_CASE("clauses combine by AND, OR, NOT and parentheses") {
    check({.record = {.key = "k", .value = "alpha beta"},
           .yes = {"alpha beta", "alpha AND beta", "alpha OR gamma", "gamma OR beta", "NOT gamma", "-gamma alpha",
                   "alpha (gamma OR beta)", "gamma OR alpha beta", "NOT (alpha gamma)", "!gamma !delta", "NOT NOT alpha",
                   "alpha key:k", "(alpha OR gamma) (beta OR delta)", "+alpha -delta", "value:(alpha beta)",
                   "key:(k -alpha)", "alpha gamma OR beta", "*:* -gamma"},
           .no = {"alpha gamma", "NOT alpha", "alpha -beta", "gamma OR delta", "NOT (alpha OR gamma)", "alpha NOT beta",
                  "gamma beta OR delta", "(gamma OR alpha) delta", "key:(k alpha)", "-(*:*)", "NOT NOT gamma"}});
}

TEST_CASE("filters go by the numbers of batches and records") {
    Asked asked;
    asked.batch.base_offset = 100;
    asked.batch.partition_leader_epoch = 7;
    asked.batch.attributes = 4 | record::kTransactionalBit;
    asked.batch.producer_id = 4000;
    asked.batch.producer_epoch = 3;
    asked.batch.base_sequence = 50;
    asked.base_offset = 101;
    asked.record.offset = 105;
    asked.record.timestamp = 1'700'000'000'000;
    asked.record.sequence = 55;
    asked.record.attributes = 1;
    for (const char* query : {"offset:105",
                              "offset:[105 TO 106}",
                              "offset:*",
                              "timestamp:\"2023-11-14T22:13:20Z\"",
                              "timestamp:[2023-11-14 TO 2023-11-15}",
                              "producer_id:4000",
                              "producer_epoch:3",
                              "sequence:55",
                              "sequence:[50 TO 60]",
                              "leader_epoch:7",
                              "base_offset:101",
                              "base_sequence:50",
                              "attributes:1",
                              "transactional:true",
                              "control:false",
                              "codec:zstd",
                              "timestamp_type:create",
                              "offset:105 sequence:55",
                              "offset:(1 OR 105)",
                              "NOT offset:1"}) {
        CHECK_MESSAGE(matches(query, asked), query);
    }
    for (const char* query :
         {"offset:104", "offset:{105 TO 106}", "timestamp:0", "producer_id:1", "producer_epoch:2", "sequence:50",
          "leader_epoch:\"-1\"", "base_offset:100", "base_sequence:55", "attributes:0", "transactional:false",
          "control:true", "codec:none", "timestamp_type:log_append", "timestamp_type:none", "value:*", "NOT offset:*"}) {
        CHECK_MESSAGE(!matches(query, asked), query);
    }
    // Log append time, a control batch, and no producer.
    asked.batch.attributes = record::kLogAppendTimeBit | record::kControlBit;
    asked.record.sequence = -1;
    CHECK(matches("control:true timestamp_type:log_append codec:none sequence:\"-1\" transactional:false", asked));
    // Magic 1: flags that it does not have mean nothing, and there is no leader epoch.
    asked.batch.magic = 1;
    asked.batch.attributes = 1 | record::kTransactionalBit | record::kControlBit;
    CHECK(matches("codec:gzip control:false transactional:false leader_epoch:\"-1\" timestamp_type:create", asked));
    asked.batch.magic = 0;
    CHECK(matches("timestamp_type:none", asked));
}

TEST_CASE("one matcher asks many records, and nothing of one is left for the next") {
    const auto query = Query::parse("\"a b\" OR headers.h:x OR value.p:[1 TO 2] OR key:k*", 0);
    REQUIRE(query);
    QueryMatcher matcher(*query);
    test::SampleViews views;
    const std::vector<std::pair<SampleRecord, bool>> records = {
        {{.value = "a"}, false},
        {{.value = "b"}, false},
        {{.value = "a b"}, true},
        {{.value = "b a"}, false},
        {{.headers = {{"h", "x"}}}, true},
        {{.headers = {{"h", "y"}}}, false},
        {{.value = "{\"p\":1.5}"}, true},
        {{.value = "{\"p\":3}"}, false},
        {{.key = "key"}, true},
        {{.key = "no"}, false},
        {{}, false},
        {{.key = "k", .value = "a"}, true},
        {{.value = "b"}, false},
    };
    for (int round = 0; round < 3; ++round) {
        for (const auto& [sample, expected] : records) {
            CHECK(matcher.matches({}, 0, views.view(sample)) == expected);
        }
    }
}

TEST_CASE("many clauses are asked as few are") {
    std::string any;
    for (int i = 0; i < 500; ++i) {
        any += (i == 0 ? "" : " OR ") + std::string("w") + std::to_string(i) + " OR \"x y" + std::to_string(i) + "\"";
    }
    check({.record = {.value = "nothing of it: w, x y, 17"}, .yes = {}, .no = {any}});
    check({.record = {.value = "but w499"}, .yes = {any}, .no = {}});
    check({.record = {.value = "but X Y300."}, .yes = {any}, .no = {}});
}

TEST_CASE("a phrase of equal words takes no long time in a text of them") {
    const auto begin = std::chrono::steady_clock::now();
    test::SampleViews views;
    const std::string text = repeated("a ", 1'000'000);
    const SampleRecord sample{.value = text};
    CHECK_FALSE(matches("\"a a a a b\"", {.record = views.view(sample)}));
    CHECK_FALSE(matches("\"" + repeated("a ", 40) + "b\"", {.record = views.view(sample)}));
    const SampleRecord camel{.value = repeated("aA", 500'000)};
    CHECK_FALSE(matches("\"a aa a aa b\"", {.record = views.view(camel)}));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    CHECK(taken.count() < 20);
}
