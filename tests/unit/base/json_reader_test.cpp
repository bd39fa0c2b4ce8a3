// SPDX-License-Identifier: Apache-2.0
#include "base/json_reader.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace kseg;

namespace {

std::string string_of(std::string_view text) {
    JsonReader in(text);
    ByteBuffer out;
    in.string(out);
    in.expect_end();
    return in.ok() ? std::string(out.text()) : "refused";
}

bool takes(std::string_view text) {
    JsonReader in(text);
    in.skip();
    in.expect_end();
    return in.ok();
}

}  // namespace

TEST_CASE("strings are read with their escapes") {
    CHECK(string_of(R"("a\"\\\/\b\f\n\r\t")") == "a\"\\/\b\f\n\r\t");
    CHECK(string_of(R"("\u0041\u00e9\u6771\ud83d\ude00")") == "A\xc3\xa9\xe6\x9d\xb1\xf0\x9f\x98\x80");
    CHECK(string_of(R"("\u0000")") == std::string(1, '\0'));
    for (const char* const bad : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\x")",
                                  R"("\u12g4")", "\"a\nb\"", "\"a", "\"\xff\"", R"("a\)", "a"}) {
        CAPTURE(bad);
        CHECK(string_of(bad) == "refused");
    }
}

TEST_CASE("whole numbers are read within 64 bits") {
    const auto number = [](std::string_view text) {
        JsonReader in(text);
        const std::int64_t value = in.integer();
        return in.ok() ? std::to_string(value) : "refused";
    };
    CHECK(number(" -9223372036854775808") == "-9223372036854775808");
    CHECK(number("9223372036854775807") == "9223372036854775807");
    CHECK(number("9223372036854775808") == "refused");
    CHECK(number("1.0") == "refused");
    CHECK(number("1e3") == "refused");
    CHECK(number("\"1\"") == "refused");
}

TEST_CASE("what is not asked for is passed over, but only where it is JSON") {
    for (const char* const good :
         {"null", "true", "-1.5e-3", "[]", "{}", R"([1,[2,{"a":[null,false,"x"]}]])", R"( { "a" : { "b" : 1 } } )"}) {
        CAPTURE(good);
        CHECK(takes(good));
    }
    for (const char* const bad :
         {"", "nul", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1 2]", "{\"a\":1,}", "[", "]", "1 2"}) {
        CAPTURE(bad);
        CHECK_FALSE(takes(bad));
    }
    CHECK(takes(std::string(60, '[') + std::string(60, ']')));
    CHECK_FALSE(takes(std::string(100'000, '[')));
}

TEST_CASE("an error tells where it is and stays") {
    JsonReader in(R"({"a":1,"b":x})");
    in.object([&in](std::string_view) { in.integer(); });
    CHECK_FALSE(in.ok());
    CHECK(in.error_at() == 11);
    in.skip();
    CHECK(in.error_at() == 11);
}
