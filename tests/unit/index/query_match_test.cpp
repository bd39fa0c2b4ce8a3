// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "index/query.hpp"
#include "support/sample_records.hpp"

using namespace kseg;
using index::Query;
using index::QueryMatcher;
using test::SampleRecord;

namespace {

bool matches(const std::string& text, const SampleRecord& sample) {
    const auto query = Query::parse(text, 0);
    REQUIRE_MESSAGE(query.has_value(), text << ": " << query.error().message());
    QueryMatcher matcher(*query);
    test::SampleViews views;
    return matcher.matches({}, 0, views.view(sample));
}

}  // namespace

TEST_CASE("smoke") {
    CHECK(matches("foo", {.value = "a foo b"}));
    CHECK(!matches("foo", {.value = "a food b"}));
    CHECK(matches("foo*", {.value = "a food b"}));
    CHECK(matches("\"order id\"", {.value = "x orderId y"}));
    CHECK(matches("order.id", {.value = "x order_id y"}));
    CHECK(matches("value.a.b:[1 TO 5]", {.value = R"({"a":{"b":3.5}})"}));
    CHECK(!matches("value.a.b:[1 TO 5}", {.value = R"({"a":{"b":5.0}})"}));
    CHECK(matches("NOT headers.x:y", {.value = "q"}));
}
