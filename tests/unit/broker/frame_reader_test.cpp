// SPDX-License-Identifier: Apache-2.0
#include "broker/frame_reader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kafka/wire/writer.hpp"
#include "support/hex.hpp"

using kseg::as_bytes;
using kseg::Bytes;
using kseg::Errc;
using kseg::broker::FrameReader;

namespace {

std::string framed(const std::string& content) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>((content.size() >> static_cast<unsigned>(shift)) & 0xffU);
    }
    return out + content;
}

std::vector<std::string> frames_of(FrameReader& reader) {
    std::vector<std::string> found;
    while (reader.has_frame()) {
        found.emplace_back(reader.take_frame().text());
    }
    return found;
}

}  // namespace

TEST_CASE("frames come out whole wherever what was received is cut, at every two places") {
    const std::vector<std::string> expected{"hello", "", "x", std::string(300, 'y')};
    std::string stream;
    for (const std::string& content : expected) {
        stream += framed(content);
    }
    for (std::size_t a = 0; a <= stream.size(); ++a) {
        for (std::size_t b = a; b <= stream.size(); b += 7) {
            FrameReader reader(1000);
            CHECK(reader.feed(as_bytes(stream).first(a)));
            CHECK(reader.feed(as_bytes(stream).subspan(a, b - a)));
            CHECK(reader.feed(as_bytes(stream).subspan(b)));
            CHECK(frames_of(reader) == expected);
            CHECK(reader.held_bytes() == 0);
            CHECK_FALSE(reader.is_partial());
        }
    }
}

TEST_CASE("a frame at the limit is taken, one over it and a negative length are refused") {
    FrameReader at_limit(5);
    CHECK(at_limit.feed(as_bytes(framed("12345"))));
    CHECK(at_limit.has_frame());
    FrameReader over(5);
    CHECK(over.feed(as_bytes(framed("123456")).first(3)));
    const auto refused = over.feed(as_bytes(framed("123456")).subspan(3, 1));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::too_large);
    FrameReader negative(5);
    const auto bad = negative.feed(kseg::test::from_hex("ff ff ff ff").bytes());
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code == Errc::corrupt);
}

TEST_CASE("the rest of a large frame has room of its own, which grows with what comes and not with what the length says") {
    constexpr std::size_t kSize = std::size_t{100} << 20;
    FrameReader reader(kSize);
    CHECK(reader.room().empty());
    CHECK(reader.feed(kseg::test::from_hex("06 40 00 00").bytes()));  // 100 MiB
    CHECK(reader.room().size() <= (std::size_t{256} << 10));
    std::size_t got = 0;
    char next = 0;
    while (!reader.has_frame()) {
        const std::span<std::byte> room = reader.room();
        if (room.empty()) {
            const std::string rest(kSize - got, 'z');
            CHECK(reader.feed(as_bytes(rest)));
            got = kSize;
            break;
        }
        CHECK(room.size() <= std::max<std::size_t>(got + (std::size_t{1} << 19), std::size_t{256} << 10));
        std::fill(room.begin(), room.end(), static_cast<std::byte>(next++));
        reader.received(room.size());
        got += room.size();
        CHECK(reader.held_bytes() == got);
    }
    CHECK(got == kSize);
    REQUIRE(reader.has_frame());
    CHECK(reader.take_frame().size() == kSize);
}

TEST_CASE("who has sent a large frame has room for another at once, up to a limit") {
    constexpr std::size_t kMost = std::size_t{4} << 20;
    for (const std::size_t size : {std::size_t{1} << 20, std::size_t{16} << 20}) {
        FrameReader reader(1U << 30U);
        kseg::ByteBuffer length;
        kseg::wire::Writer(length).i32(static_cast<std::int32_t>(size));
        const std::string whole(size, 'z');
        CHECK(reader.feed(length.bytes()));
        CHECK(reader.feed(as_bytes(whole)));
        CHECK(reader.take_frame().size() == size);
        CHECK(reader.feed(length.bytes()));
        CHECK(reader.room().size() == std::min(size, kMost));
    }
}
