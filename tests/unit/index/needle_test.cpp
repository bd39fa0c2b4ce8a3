// SPDX-License-Identifier: Apache-2.0
#include "index/needle.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "index/text.hpp"
#include "index/unicode.hpp"

using namespace kseg::index;

namespace {

bool slow_has(std::string text, const std::string& needle) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text.find(needle) != std::string::npos;
}

std::string needle_of(const std::string& query) {
    const auto parsed = Query::parse(query, 0);
    REQUIRE(parsed);
    return needle_of_words(std::get<WordsClause>(parsed->steps().front().clause)).text;
}

}  // namespace

TEST_CASE("letters are found in either case, wherever they stand, and nothing else is") {
    std::mt19937 random(3);
    const std::string letters = "abAB0_@`[{\x7f-";
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (std::size_t n = random() % 150; n > 0; --n) {
            text.push_back(letters[random() % letters.size()]);
        }
        std::string needle;
        for (std::size_t n = 1 + random() % 5; n > 0; --n) {
            needle.push_back("ab0_"[random() % 4]);
        }
        CAPTURE(text);
        CAPTURE(needle);
        CHECK(has_needle(text, {needle}) == slow_has(text, needle));
    }
    CHECK(has_needle("", {""}));
    CHECK_FALSE(has_needle("", {"a"}));
}

TEST_CASE("a character whose folding holds ASCII hides letters, all others show theirs") {
    for (char32_t point = 0x80; point < 0x110000; ++point) {
        if (point >= 0xd800 && point < 0xe000) {
            continue;
        }
        std::string text = "ab";
        append_utf8(text, point);
        std::string folded;
        append_folded_name(folded, text);
        const auto ascii =
            std::count_if(folded.begin(), folded.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
        if (ascii != 2) {
            CAPTURE(static_cast<std::uint32_t>(point));
            CHECK_FALSE(shows_ascii(text));
            CHECK_FALSE(shows_ascii(text + "behind it"));
        }
    }
    CHECK(shows_ascii("plain \\n text"));
    CHECK(shows_ascii("\xc3\xa9t\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80 \xff\xc3"));
    CHECK_FALSE(shows_ascii("{\"a\":\"\\u0061\"}"));
}

TEST_CASE("a clause's needle is the longest run of ASCII of its words that a text has to show") {
    CHECK(needle_of("Customer") == "customer");
    CHECK(needle_of("\"an example of it\"") == "example");
    CHECK(needle_of("ab*cdef?gh") == "cdef");
    CHECK(needle_of("m\xc3\xbcller") == "ller");
    CHECK(needle_of("order_id") == "order_id");
    CHECK(needle_of("a") == "");
    CHECK(needle_of("??") == "");
    CHECK(needle_of("1500") == "1500");
    // A number in a JSON value may have other digits than a pattern or a word that it matches.
    CHECK(needle_of("value.p:1500") == "");
    CHECK(needle_of("value.p:15*00") == "");
    CHECK(needle_of("value.p:007") == "");
    CHECK(needle_of("value.p:1500eur") == "1500eur");
    CHECK(needle_of("value.p:\"1500 eur\"") == "eur");
    CHECK(needle_of_path("order.customer-name.id").text == "customer-name");
    CHECK(needle_of_path("\xc3\xa9").text == "");
}
