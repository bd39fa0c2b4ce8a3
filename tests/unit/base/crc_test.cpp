// SPDX-License-Identifier: Apache-2.0
#include "base/crc.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/hex.hpp"

using namespace kseg;

namespace {

ByteBuffer run_of(int first, int step) {
    ByteBuffer bytes;
    for (int i = 0; i < 32; ++i) {
        bytes.push_back(static_cast<std::byte>(first + step * i));
    }
    return bytes;
}

}  // namespace

TEST_CASE("CRC-32C gives the published values") {
    CHECK(crc32c(as_bytes("123456789")) == 0xe3069283);
    // RFC 3720, B.4; printed there byte by byte, lowest first.
    CHECK(crc32c(run_of(0, 0).bytes()) == 0x8a9136aa);
    CHECK(crc32c(run_of(0xff, 0).bytes()) == 0x62a8ab43);
    CHECK(crc32c(run_of(0, 1).bytes()) == 0x46dd794e);
    CHECK(crc32c(run_of(31, -1).bytes()) == 0x113fdb5c);
    CHECK(crc32c({}) == 0);
}

TEST_CASE("CRC-32 IEEE gives the published values") {
    CHECK(crc32_ieee(as_bytes("123456789")) == 0xcbf43926);
    CHECK(crc32_ieee(as_bytes("The quick brown fox jumps over the lazy dog")) == 0x414fa339);
    CHECK(crc32_ieee({}) == 0);
}

TEST_CASE("a CRC goes on from, joins with and is cut out of others at every split") {
    std::string text;
    for (int i = 0; i < 300; ++i) {
        text.push_back(static_cast<char>(i * 37 + i / 7));
    }
    for (const CrcKind kind : {CrcKind::crc32c, CrcKind::crc32_ieee}) {
        const std::uint32_t whole = crc(kind, as_bytes(text));
        for (std::size_t at = 0; at <= text.size(); ++at) {
            const Bytes a = as_bytes(text).first(at);
            const Bytes b = as_bytes(text).subspan(at);
            CHECK(crc(kind, b, crc(kind, a)) == whole);
            CHECK(crc_join(kind, crc(kind, a), crc(kind, b), b.size()) == whole);
            CHECK(crc_cut(kind, crc(kind, a), whole, b.size()) == crc(kind, b));
        }
    }
}

TEST_CASE("the effect of every flipped bit is foretold, and the bit is found from it") {
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{511}, std::size_t{512}, std::size_t{1300}}) {
        ByteBuffer bytes;
        for (std::size_t i = 0; i < size; ++i) {
            bytes.push_back(static_cast<std::byte>(i * i + 7));
        }
        for (const CrcKind kind : {CrcKind::crc32c, CrcKind::crc32_ieee}) {
            const std::uint32_t before = crc(kind, bytes.bytes());
            for (std::uint64_t at = 0; at < 8 * size; ++at) {
                std::byte& byte = bytes.data()[at / 8];
                byte ^= std::byte{1} << (at % 8);
                const std::uint32_t difference = before ^ crc(kind, bytes.bytes());
                byte ^= std::byte{1} << (at % 8);
                CHECK(crc_of_flip(kind, static_cast<unsigned>(at % 8), size - 1 - at / 8) == difference);
                CHECK(find_flipped_bit(kind, difference, size) == at);
            }
            // No bit of a shorter input does that: the flip lies before its beginning.
            CHECK_FALSE(find_flipped_bit(kind, crc_of_flip(kind, 3, size), size));
            CHECK_FALSE(find_flipped_bit(kind, 0, size));
        }
    }
}

TEST_CASE("a flip far from the end is found, and joining behind a fixed length is joining") {
    constexpr std::uint64_t kBytes = std::uint64_t{5} << 20;
    for (const CrcKind kind : {CrcKind::crc32c, CrcKind::crc32_ieee}) {
        for (const std::uint64_t byte : {std::uint64_t{0}, std::uint64_t{1}, kBytes / 3, kBytes - 1}) {
            CHECK(find_flipped_bit(kind, crc_of_flip(kind, 5, kBytes - 1 - byte), kBytes) == 8 * byte + 5);
        }
        CHECK(CrcJoiner(kind, kBytes).join(0x12345678, 0x9abcdef0) == crc_join(kind, 0x12345678, 0x9abcdef0, kBytes));
        CHECK(CrcJoiner(kind, 0).join(0x12345678, 0) == 0x12345678);
    }
}
