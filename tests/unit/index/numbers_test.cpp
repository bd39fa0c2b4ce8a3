// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "index/text.hpp"
#include "unit/index/fixture.hpp"

using namespace kseg;
using namespace kseg::index;

TEST_CASE("numbers have the canonical form that exact arithmetic gives them") {
    std::string scratch;
    std::size_t none = 0;
    std::size_t lines = 0;
    for (const auto& line : test::fixture("numbers.txt")) {
        const std::string text = test::unhex(line.at(0));
        CAPTURE(text);
        const auto canonical = canonical_number(text);
        CHECK(canonical.value_or("none") == line.at(1));
        if (canonical) {
            CHECK(number_word(text, scratch) == line.at(1));
            CHECK(canonical_number(*canonical) == canonical);
        }
        none += canonical ? 0U : 1U;
        ++lines;
    }
    CHECK(none > 30);
    CHECK(lines - none > 100);
}

TEST_CASE("a number with a large exponent has its text as its word") {
    std::string scratch;
    CHECK(number_word("1e400", scratch) == "1" + std::string(400, '0'));
    CHECK(number_word("1E401", scratch) == "1e401");
    CHECK(number_word("-2.50E-0401", scratch) == "-2.50e-0401");
    CHECK(number_word("1e99999999999999999999", scratch) == "1e99999999999999999999");
}

TEST_CASE("canonical numbers compare by value") {
    for (const auto& line : test::fixture("order.txt")) {
        CAPTURE(line.at(0));
        CAPTURE(line.at(1));
        const int order = compare_numbers(line.at(0), line.at(1));
        CHECK((order > 0) - (order < 0) == std::stoi(line.at(2)));
    }
}

TEST_CASE("a number of a million digits is one like any other") {
    const std::string digits(1'000'000, '7');
    CHECK(canonical_number("0." + digits + "00e1") == "7." + digits.substr(1));
    CHECK(canonical_number(digits + ".0") == digits);
    CHECK(compare_numbers(digits, digits + ".1") < 0);
}
