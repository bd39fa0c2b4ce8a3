// SPDX-License-Identifier: Apache-2.0
#include "index/unicode.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>

#include "unit/index/fixture.hpp"

using namespace kseg;
using namespace kseg::index;

namespace {

constexpr std::array<std::string_view, 8> kKinds{"separator", "underscore", "upper", "lower",
                                                 "digit",     "letter",     "mark",  "alone"};

/// All characters that Python's unicodedata knows: their kind, and what they fold to where that is not themselves.
struct Characters {
    std::map<char32_t, std::string> kinds;
    std::map<std::string, std::string> folds;
};

Characters python_characters() {
    Characters all;
    for (const auto& line : test::fixture("characters.txt")) {
        if (line.at(0) == "fold") {
            all.folds[test::unhex(line.at(1))] = test::unhex(line.at(2));
            continue;
        }
        const auto last = static_cast<char32_t>(std::stoul(line.at(3), nullptr, 16));
        for (auto point = static_cast<char32_t>(std::stoul(line.at(2), nullptr, 16)); point <= last; ++point) {
            all.kinds[point] = line.at(1);
        }
    }
    return all;
}

}  // namespace

TEST_CASE("every character has the kind and the case folding that Python's tables give it") {
    const Characters python = python_characters();
    REQUIRE(python.kinds.size() > 280'000);
    REQUIRE(python.folds.size() > 1'500);
    std::size_t wrong_kinds = 0;
    std::size_t wrong_folds = 0;
    for (const auto& [point, kind] : python.kinds) {
        std::string character;
        append_utf8(character, point);
        const auto fold = python.folds.find(character);
        const CharTraits traits = traits_of(point);
        if (kKinds.at(static_cast<std::size_t>(traits.kind)) != kind && ++wrong_kinds < 5) {
            FAIL_CHECK("U+" << std::hex << std::uint32_t{point} << " should be " << kind);
        }
        std::string folded;
        append_folded(folded, point);
        const bool right = folded == (fold == python.folds.end() ? character : fold->second);
        if ((!right || traits.folded != (fold == python.folds.end())) && ++wrong_folds < 5) {
            FAIL_CHECK("U+" << std::hex << std::uint32_t{point} << " is folded wrongly");
        }
    }
    CHECK(wrong_kinds == 0);
    CHECK(wrong_folds == 0);
}

TEST_CASE("only the byte sequences of RFC 3629 are characters") {
    // The longest and shortest of each size, and what lies just outside.
    const auto size = [](std::string_view hex) { return character_at(test::from_hex(hex).text(), 0).size; };
    CHECK(size("00") == 1);
    CHECK(size("7f") == 1);
    CHECK(size("80") == 0);
    CHECK(size("bf") == 0);
    CHECK(size("c1 bf") == 0);
    CHECK(size("c2 80") == 2);
    CHECK(size("df bf") == 2);
    CHECK(size("c2") == 0);
    CHECK(size("c2 c2") == 0);
    CHECK(size("e0 9f bf") == 0);
    CHECK(size("e0 a0 80") == 3);
    CHECK(size("ed 9f bf") == 3);
    CHECK(size("ed a0 80") == 0);
    CHECK(size("ed bf bf") == 0);
    CHECK(size("ee 80 80") == 3);
    CHECK(size("ef bf bf") == 3);
    CHECK(size("e2 82") == 0);
    CHECK(size("f0 8f bf bf") == 0);
    CHECK(size("f0 90 80 80") == 4);
    CHECK(size("f4 8f bf bf") == 4);
    CHECK(size("f4 90 80 80") == 0);
    CHECK(size("f5 80 80 80") == 0);
    CHECK(size("f0 90 80") == 0);
    CHECK(size("ff") == 0);
    const ByteBuffer smile = test::from_hex("78 f0 9f 98 80");
    CHECK(character_at(smile.text(), 1).point == 0x1f600);
}
