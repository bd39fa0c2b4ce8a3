// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "index/text.hpp"
#include "unit/index/fixture.hpp"

using namespace kseg;
using namespace kseg::index;

namespace {

/// The words of a text as the fixture has them: hex, whole and parts.
std::string words_of(WordReader& reader, std::string_view text) {
    // A copy without slack, so that the sanitizers see a read behind the end.
    const std::vector<char> exact(text.begin(), text.end());
    reader.reset({exact.data(), exact.size()});
    std::string out;
    for (Word word; reader.next(word);) {
        out += (out.empty() ? "" : " ") + test::hex(word.whole);
        const bool is_itself = word.parts.size() == 1 && word.part(0) == word.whole;
        for (std::size_t i = 0; i < word.parts.size() && !is_itself; ++i) {
            out += (i == 0 ? ":" : ",") + test::hex(word.part(i));
        }
    }
    return out;
}

/// Words in the clear: "order_id=order+id x".
std::string plain_words(std::string_view text, WordOptions options = {}) {
    WordReader reader(text, options);
    std::string out;
    for (Word word; reader.next(word);) {
        out += (out.empty() ? "" : " ") + std::string(word.whole);
        for (std::size_t i = 0; i < word.parts.size() && word.parts.size() + i > 1; ++i) {
            out += (i == 0 ? "=" : "+") + std::string(word.part(i));
        }
    }
    return out;
}

std::string joined(const std::vector<std::string>& fields, std::size_t from) {
    std::string out;
    for (std::size_t i = from; i < fields.size(); ++i) {
        out += (i == from ? "" : " ") + fields[i];
    }
    return out;
}

}  // namespace

TEST_CASE("texts have the words and parts that the model gives them") {
    WordReader texts("");
    WordReader patterns("", {.wildcards = true});
    std::size_t lines = 0;
    for (const auto& line : test::fixture("words.txt")) {
        const std::string text = test::unhex(line.at(1));
        CAPTURE(text);
        CHECK(words_of(line.at(0) == "text" ? texts : patterns, text) == joined(line, 2));
        ++lines;
    }
    CHECK(lines > 1000);
}

TEST_CASE("words do not depend on where they stand") {
    WordReader reader("");
    std::size_t wrong = 0;
    for (const auto& line : test::fixture("words.txt")) {
        const std::string text = test::unhex(line.at(1));
        if (line.at(0) != "text" || text.size() > 200) {
            continue;
        }
        const std::string expected = joined(line, 2);
        for (std::size_t before = 1; before <= 64; ++before) {
            wrong += words_of(reader, std::string(before, '-') + text + std::string(before, ' ')) == expected ? 0U : 1U;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("words are cut where programs' names are") {
    CHECK(plain_words("orderId order_id ORDERID _id __") == "orderid=order+id order_id=order+id orderid _id");
    CHECK(plain_words("HTTPServer utf8Decoder item42 25T20") ==
          "httpserver=http+server utf8decoder=utf8+decoder item42 25t20=25+t20");
    CHECK(plain_words("3.14 a@b.c it's") == "3 14 a b c it s");
    CHECK(plain_words("Straße СЛОВО") == "strasse слово");
    CHECK(plain_words("中文 😀!") == "中 文 😀");
}

TEST_CASE("a part that is not the word is one part") {
    WordReader reader("_id");
    Word word;
    REQUIRE(reader.next(word));
    CHECK(word.whole == "_id");
    REQUIRE(word.parts.size() == 1);
    CHECK(word.part(0) == "id");
}

TEST_CASE("wildcards are letters of a pattern alone") {
    const WordOptions pattern{.wildcards = true};
    CHECK(plain_words("ord*_?d", pattern) == "ord*_?d=ord*+?d");
    CHECK(plain_words("ord*_?d") == "ord d");
    CHECK(plain_words(R"(a\*b \? \\* \x)", pattern) == "a b * x");
}

TEST_CASE("names are folded whole") {
    for (const auto& line : test::fixture("names.txt")) {
        std::string out = "x";
        append_folded_name(out, test::unhex(line.at(0)));
        CAPTURE(line.at(0));
        CHECK(test::hex(out.substr(1)) == line.at(1));
    }
}

TEST_CASE("ten million bytes without a separator are read in linear time") {
    const auto only_word = [](const std::string& text) {
        WordReader reader(text);
        Word word;
        REQUIRE(reader.next(word));
        CHECK(word.parts.size() == 1);
        CHECK(word.part(0) == word.whole);
        const std::string whole(word.whole);
        CHECK_FALSE(reader.next(word));
        return whole;
    };
    constexpr std::size_t kSize = 10'000'000;
    CHECK(only_word(std::string(kSize, 'a')) == std::string(kSize, 'a'));
    CHECK(only_word(std::string(kSize, 'A')) == std::string(kSize, 'a'));
    CHECK(only_word(std::string(kSize, '_') + "B") == std::string(kSize, '_') + "b");
    std::string mixed;
    std::string folded;
    for (std::size_t i = 0; i < kSize / 10; ++i) {
        mixed += "aBÉ_1\xcc\x81";  // with a mark
        folded += "abé_1\xcc\x81";
    }
    CHECK(only_word(mixed) == folded);
    const auto count = [](const std::string& text) {
        WordReader reader(text);
        std::size_t found = 0;
        for (Word word; reader.next(word);) {
            ++found;
        }
        return found;
    };
    CHECK(count(std::string(kSize, '_')) == 0);
    CHECK(count(std::string(kSize, '\xff')) == 0);
    std::string separate;
    for (std::size_t i = 0; i < kSize / 10; ++i) {
        separate += "_ 中\xe4\xb8x ";
    }
    CHECK(count(separate) == 2 * kSize / 10);
}
