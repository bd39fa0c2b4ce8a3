// SPDX-License-Identifier: Apache-2.0
#include "io/line_reader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/piece_source.hpp"

using namespace kseg;  // NOLINT(google-build-using-namespace)

namespace {

using Lines = std::vector<std::pair<std::string, std::uint64_t>>;

Lines lines_of(const std::string& text, std::size_t piece) {
    test::PieceSource source(as_bytes(text), piece, false);
    io::LineReader reader(source, 1000);
    Lines lines;
    for (auto line = reader.next();; line = reader.next()) {
        REQUIRE(line);
        if (!*line) {
            CHECK(reader.read_to() == text.size());
            return lines;
        }
        lines.emplace_back((*line)->text, (*line)->at);
    }
}

}  // namespace

TEST_CASE("lines come with their positions, the last also without an end, however the source gives them") {
    for (const std::size_t piece : {1U, 2U, 3U, 1000U}) {
        CAPTURE(piece);
        CHECK(lines_of("", piece).empty());
        CHECK(lines_of("\n", piece) == Lines{{"", 0}});
        CHECK(lines_of("ab\n\nc", piece) == Lines{{"ab", 0}, {"", 3}, {"c", 4}});
        CHECK(lines_of("ab\r\nc\n", piece) == Lines{{"ab\r", 0}, {"c", 4}});
    }
}

TEST_CASE("a line that is longer than pieces is whole, and one beyond the limit is refused where it begins") {
    const std::string long_line(700'000, 'x');
    const std::string text = "a\n" + long_line + "\nb\n";
    test::PieceSource source(as_bytes(text), 300'000, false);
    io::LineReader reader(source, 1'000'000);
    CHECK((*reader.next())->text == "a");
    CHECK((*reader.next())->text == long_line);
    CHECK((*reader.next())->at == 2 + long_line.size() + 1);
    CHECK_FALSE(*reader.next());
    CHECK_FALSE(*reader.next());

    test::PieceSource again(as_bytes(text), 300'000, false);
    io::LineReader limited(again, 1000);
    REQUIRE(limited.next());
    const auto refused = limited.next();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::too_large);
    CHECK(refused.error().at == 2);
}
