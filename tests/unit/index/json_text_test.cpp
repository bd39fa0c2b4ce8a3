// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "index/text.hpp"
#include "unit/index/fixture.hpp"

using namespace kseg;
using namespace kseg::index;

namespace {

constexpr std::array<std::string_view, 3> kKinds{"string", "number", "literal"};

/// As the fixture has them.
std::vector<std::string> scalars_of(std::string_view text) {
    std::vector<std::string> found;
    const bool is_json =
        for_each_json_scalar(as_bytes(text), [&](std::string_view path, JsonKind kind, std::string_view scalar) {
            found.push_back(test::hex(path) + ":" + std::string(kKinds.at(static_cast<std::size_t>(kind))) + ":" +
                            test::hex(scalar));
        });
    if (!is_json) {
        // Where there was anything visited this is not what is expected.
        found.emplace_back("none");
    }
    return found;
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

}  // namespace

TEST_CASE("JSON texts give the scalars and the text to read that the model gives them") {
    std::string scratch;
    std::size_t with_scalars = 0;
    for (const auto& line : test::fixture("json.txt")) {
        const std::string raw = test::unhex(line.at(0));
        CAPTURE(raw);
        const std::vector<char> text(raw.begin(), raw.end());  // without slack behind it
        const std::string_view view(text.data(), text.size());
        CHECK(readable_text(as_bytes(view), scratch) == (line.at(1) == "=" ? raw : test::unhex(line.at(1))));
        const std::vector<std::string> expected(line.begin() + 2, line.end());
        CHECK(scalars_of(view) == expected);
        with_scalars += expected.size() > 1 ? 1U : 0U;
    }
    CHECK(with_scalars > 50);
}

TEST_CASE("a text to read is borrowed from where it stands") {
    std::string scratch;
    const std::string plain = "{\"a\":\"b\"}";
    CHECK(readable_text(as_bytes(plain), scratch).data() == plain.data());
    const std::string escaped = R"({"a":"b\n"})";
    CHECK(readable_text(as_bytes(escaped), scratch).data() == scratch.data());
    CHECK(scratch == "{\"a\":\"b\n\"}");
    const std::string no_json = R"(C:\new)";
    CHECK(readable_text(as_bytes(no_json), scratch).data() == no_json.data());
}

TEST_CASE("every beginning of a JSON text is none") {
    const std::string text = R"({"a":[1.5e3,"\u00e9\ud83d\ude00",{"b":null}],"c":true,"d":{}})";
    CHECK(scalars_of(text).size() == 4);
    std::string scratch;
    for (std::size_t size = 0; size < text.size(); ++size) {
        CAPTURE(size);
        const std::vector<char> cut(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
        const std::string_view view(cut.data(), cut.size());
        CHECK(scalars_of(view) == std::vector<std::string>{"none"});
        CHECK(readable_text(as_bytes(view), scratch).data() == view.data());
    }
}

TEST_CASE("large JSON texts are read in linear time") {
    constexpr std::size_t kMany = 1'000'000;
    std::string members = "{";
    for (std::size_t i = 0; i < kMany; ++i) {
        members += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + R"(":"\t")";
    }
    members += "}";
    std::size_t bytes = 0;
    std::size_t found = 0;
    const auto count = [&](std::string_view path, JsonKind, std::string_view) {
        bytes += path.size();
        ++found;
    };
    REQUIRE(for_each_json_scalar(as_bytes(members), count));
    CHECK(found == kMany);
    CHECK(bytes == 6'888'890);  // "m0" to "m999999": an m each, and the digits of all numbers below a million
    std::string scratch;
    CHECK(readable_text(as_bytes(members), scratch).size() == members.size() - kMany);
    // Deeper than any text may be; unfinished; a string of escapes; a long name above many scalars; a long number.
    CHECK_FALSE(for_each_json_scalar(as_bytes(repeated("[", 10 * kMany)), count));
    CHECK_FALSE(for_each_json_scalar(as_bytes(repeated("{\"a\":", kMany)), count));
    CHECK_FALSE(for_each_json_scalar(as_bytes("[" + repeated("\"\",", kMany)), count));
    const std::string escapes = "\"" + repeated(R"(\ud800)", kMany) + "\"";
    CHECK(readable_text(as_bytes(escapes), scratch).size() == 3 * kMany + 2);
    const std::string deep = "{\"" + std::string(kMany, 'N') + "\":[" + repeated("1,", kMany) + "1]}";
    found = 0;
    REQUIRE(for_each_json_scalar(as_bytes(deep), count));
    CHECK(found == kMany + 1);
    const std::string number = "[" + std::string(kMany, '1') + "]";
    REQUIRE(for_each_json_scalar(as_bytes(number), count));
}
