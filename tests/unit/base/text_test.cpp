// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>

using namespace kseg;

namespace {

std::string json(std::string_view text) {
    ByteBuffer out;
    return append_json_string(out, as_bytes(text)) ? std::string(out.text()) : "not UTF-8";
}
std::string time_text(TimestampMs time) {
    ByteBuffer out;
    append_time(out, time);
    return std::string(out.text());
}
std::string base64(std::string_view text) {
    ByteBuffer out;
    append_base64(out, as_bytes(text));
    return std::string(out.text());
}

// Unicode 15, table 3-7: the first and last of each row, and what lies just outside.
constexpr std::string_view kGood[] = {
    "\x7f",         "\xc2\x80",     "\xdf\xbf",         "\xe0\xa0\x80",     "\xed\x9f\xbf",
    "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xf3\xbf\xbf\xbf"};
constexpr std::string_view kBad[] = {"\x80",
                                     "\xbf",
                                     "\xc0\x80",
                                     "\xc1\xbf",
                                     "\xc2",
                                     "\xc2\x41",
                                     "\xe0\x9f\xbf",
                                     "\xe2\x82",
                                     "\xed\xa0\x80",
                                     "\xed\xbf\xbf",
                                     "\xef\xbf",
                                     "\xe2\x41\x80",
                                     "\xf0\x8f\xbf\xbf",
                                     "\xf4\x90\x80\x80",
                                     "\xf5\x80\x80\x80",
                                     "\xf0\x90\x80",
                                     "\xff",
                                     "\xfe"};

}  // namespace

TEST_CASE("UTF-8 is told from what is not, wherever it stands") {
    for (std::size_t before = 0; before < 40; ++before) {
        for (const std::size_t behind :
             {std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{40}}) {
            const std::string head(before, 'a');
            const std::string tail(behind, 'z');
            for (const std::string_view good : kGood) {
                const std::string text = head + std::string(good) + tail;
                CHECK(is_utf8(as_bytes(text)));
                CHECK(json(text) == '"' + text + '"');
            }
            for (const std::string_view bad : kBad) {
                const std::string text = head + std::string(bad) + tail;
                CHECK_FALSE(is_utf8(as_bytes(text)));
                CHECK(json(text) == "not UTF-8");
            }
        }
    }
}

TEST_CASE("what JSON does not take as it is gets its escape, wherever it stands") {
    CHECK(json("") == R"("")");
    CHECK(json("a\"b\\c/d") == R"("a\"b\\c/d")");
    CHECK(json("\b\f\n\r\t") == R"("\b\f\n\r\t")");
    CHECK(json(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\x7f\"");
    for (std::size_t before = 0; before < 40; ++before) {
        const std::string head(before, 'x');
        CHECK(json(head + "\"\"\\\"" + head) == '"' + head + R"(\"\"\\\")" + head + '"');
        CHECK(json(head + "\x02\xe6\x9d\xb1\"" + head) == '"' + head + "\\u0002\xe6\x9d\xb1\\\"" + head + '"');
    }
}

TEST_CASE("a long string of the worst kind grows its buffer as it needs") {
    const std::string worst(10'000, '\x01');
    std::string expected = "\"";
    for (std::size_t i = 0; i < worst.size(); ++i) {
        expected += "\\u0001";
    }
    CHECK(json(worst) == expected + '"');
}

TEST_CASE("where text is asked for, each byte that breaks UTF-8 is replaced") {
    ByteBuffer out;
    append_json_string_lossy(out, as_bytes("a\xff\xe2\x82z"));
    CHECK(out.text() == "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
}

TEST_CASE("a refused string leaves the buffer as it was") {
    ByteBuffer out;
    out.append("before");
    CHECK_FALSE(append_json_string(out, as_bytes("good\xff")));
    CHECK(out.text() == "before");
}

TEST_CASE("base64 gives the values of RFC 4648") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foob") == "Zm9vYg==");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64("\xfb\xff\xfe") == "+//+");
    CHECK(parse_base64("Zm9vYg==")->text() == "foob");
    CHECK(parse_base64("")->empty());
    for (const char* const bad : {"Z", "Zg", "Zg=", "Z===", "====", "Zm9vYh==", "Zm9v\n", "Zg==Zg==", "Zm-v", "Zm=v"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_base64(bad));
    }
}

TEST_CASE("hex is read in either case") {
    CHECK(parse_hex("00fFa1")->text() == std::string_view("\0\xff\xa1", 3));
    CHECK_FALSE(parse_hex("0"));
    CHECK_FALSE(parse_hex("0g"));
    CHECK_FALSE(parse_hex("+1"));
    ByteBuffer out;
    append_hex(out, as_bytes("\x01\xfe"));
    CHECK(out.text() == "01fe");
}

TEST_CASE("times are written as RFC 3339, and as numbers outside of four-digit years") {
    CHECK(time_text(0) == "1970-01-01T00:00:00.000Z");
    CHECK(time_text(1700000000123) == "2023-11-14T22:13:20.123Z");
    CHECK(time_text(-1) == "1969-12-31T23:59:59.999Z");
    CHECK(time_text(951782400000) == "2000-02-29T00:00:00.000Z");
    CHECK(time_text(253402300799999) == "9999-12-31T23:59:59.999Z");
    CHECK(time_text(253402300800000) == "253402300800000");
    CHECK(time_text(-62167219200000) == "0000-01-01T00:00:00.000Z");
    CHECK(time_text(-62167219200001) == "-62167219200001");
    CHECK(time_text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
}

TEST_CASE("times are read in each form that options take") {
    constexpr TimestampMs kNow = 1'000'000'000'000;
    CHECK(parse_time("1700000000123", kNow) == 1700000000123);
    CHECK(parse_time("2023-11-14T22:13:20.123Z", kNow) == 1700000000123);
    CHECK(parse_time("2023-11-14t22:13:20z", kNow) == 1700000000000);
    CHECK(parse_time("2023-11-14 22:13", kNow) == 1699999980000);
    CHECK(parse_time("2023-11-15T00:13:20.1234567+02:00", kNow) == 1700000000123);
    CHECK(parse_time("2023-11-14T17:13:20-0500", kNow) == 1700000000000);
    CHECK(parse_time("2000-02-29", kNow) == 951782400000);
    CHECK(parse_time("-2h", kNow) == kNow - 7'200'000);
    CHECK(parse_time("-7d", kNow) == kNow - 604'800'000);
    CHECK(parse_time("-90s", kNow) == kNow - 90'000);
    CHECK(parse_time("+5m", kNow) == kNow + 300'000);
    CHECK(parse_time("-1500", kNow) == -1500);
    for (const char* const bad :
         {"", "x", "2023-13-01", "2023-02-29", "2023-11-14T25:00", "2023-11-14T22", "2023-11-14T22:13:20.Z", "-2x", "-h",
          "2h", "1e3", "2023-11-14T22:13:20Zx", "-99999999999999999999d", "2023-11-14T22:13:20+2"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_time(bad, kNow));
    }
}

TEST_CASE("sizes take units of 1024") {
    CHECK(parse_size("0") == 0);
    CHECK(parse_size("1048576") == 1048576);
    CHECK(parse_size("64M") == std::uint64_t{64} << 20);
    CHECK(parse_size("1GiB") == std::uint64_t{1} << 30);
    CHECK(parse_size("3kB") == 3072);
    CHECK(parse_size("7B") == 7);
    for (const char* const bad : {"", "M", "1X", "1MM", "-1", "1.5M", "99999999999999999999", "20000000000000G", "1iB"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_size(bad));
    }
}

TEST_CASE("globs match whole keys") {
    struct Case {
        const char* pattern;
        const char* text;
        bool match;
    };
    for (const Case& c : {Case{"", "", true},
                          {"", "a", false},
                          {"*", "", true},
                          {"user-*", "user-17", true},
                          {"user-*", "a user-17", false},
                          {"*-17", "user-17", true},
                          {"u*r-*7", "user-17", true},
                          {"u*r-*7", "user-18", false},
                          {"user-??", "user-17", true},
                          {"user-??", "user-1", false},
                          {"[a-c]x", "bx", true},
                          {"[a-c]x", "dx", false},
                          {"[!a-c]x", "dx", true},
                          {"[]]", "]", true},
                          {"[a", "a", false},
                          {"\\*", "*", true},
                          {"\\*", "a", false},
                          {"a\\", "a", false},
                          {"*a*b*c*", "xxaxxbxxcxx", true},
                          {"*a*b*c*", "xxaxxcxxbxx", false},
                          {"**", "abc", true}}) {
        CAPTURE(c.pattern);
        CAPTURE(c.text);
        CHECK(glob_match(c.pattern, c.text) == c.match);
    }
    // Stars that could be tried against each other for ever.
    CHECK_FALSE(glob_match("*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}
