// SPDX-License-Identifier: Apache-2.0
#include "io/window.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "support/hex.hpp"
#include "support/piece_source.hpp"

using namespace kseg;

namespace {

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>(i * 31 + i / 256);
    }
    return text;
}

}  // namespace

TEST_CASE("a window gives the bytes that are there, however they arrive") {
    const std::string all = pattern(5000);
    using Sizes = std::initializer_list<std::size_t>;
    for (const std::size_t piece : Sizes{1, 7, 512, 10000}) {
        for (const std::size_t window_piece : Sizes{1, 16, 100, 4096}) {
            for (const std::size_t step : Sizes{1, 61, 700}) {
                test::PieceSource source(as_bytes(all), piece, false);
                io::Window window(source, FileOffset{1000}, window_piece);
                for (std::size_t at = 0; at <= all.size(); at += step) {
                    const std::size_t want = std::min<std::size_t>(step * 2 + 1, 900);
                    const auto got = window.ensure(FileOffset{1000 + at}, want);
                    REQUIRE(got);
                    REQUIRE(got->size() >= std::min(want, all.size() - at));
                    REQUIRE(as_text(*got) == std::string_view(all).substr(at, got->size()));
                }
            }
        }
    }
}

TEST_CASE("what was handed out stays while its piece is held") {
    const std::string all = pattern(100'000);
    test::PieceSource source(as_bytes(all), 333, false);
    io::Window window(source, {}, 1024);
    std::vector<std::pair<io::Piece, Bytes>> held;
    for (std::size_t at = 0; at < all.size(); at += 500) {
        const auto got = window.ensure(FileOffset{at}, 500);
        REQUIRE(got);
        held.emplace_back(window.piece(), got->first(std::min<std::size_t>(500, got->size())));
    }
    std::string again;
    for (const auto& [piece, bytes] : held) {
        again += as_text(bytes);
    }
    CHECK(again == all);
}

TEST_CASE("looking ahead moves nothing, with a source that can and one that cannot") {
    const std::string all = pattern(3000);
    for (const bool peeks : {true, false}) {
        test::PieceSource source(as_bytes(all), 100, peeks);
        io::Window window(source, {}, 64);
        REQUIRE(window.ensure({}, 10));
        const auto ahead = window.look(FileOffset{5}, FileOffset{2000}, 50);
        REQUIRE(ahead);
        CHECK(as_text(*ahead) == std::string_view(all).substr(2000, 50));
        const auto back = window.ensure(FileOffset{5}, 20);
        REQUIRE(back);
        CHECK(as_text(*back).substr(0, 20) == std::string_view(all).substr(5, 20));
        CHECK(window.look(FileOffset{5}, FileOffset{2990}, 50)->size() == 10);
        CHECK(window.look(FileOffset{5}, FileOffset{3000}, 1)->empty());
    }
}

TEST_CASE("asking for more than there is makes no room for what is not there") {
    const std::string all = pattern(10);
    test::PieceSource source(as_bytes(all), 100, false);
    io::Window window(source, {});
    const auto got = window.ensure({}, std::size_t{1} << 40);
    REQUIRE(got);
    CHECK(got->size() == 10);
    CHECK(window.piece()->capacity() <= 4 * io::Window::kPieceBytes);
}
