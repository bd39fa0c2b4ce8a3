// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "kafka/codec/codec.hpp"
#include "support/hex.hpp"
#include "unit/kafka/codec/damage.hpp"

using namespace kseg;
using codec::Codec;
using test::from_hex;
using test::kSmall;
using test::unpack;

namespace {

// zstd 1.5.4: zstd -c -3 --no-check < small.txt: no content size, no checksum
const ByteBuffer kStreamed = from_hex("28b52ffd0058dd0000a86b61666b61207265636f72642062617463682c200a0100ce9b4c");
// zstd -c -3 < small.txt: no content size, checksum
const ByteBuffer kChecked = from_hex("28b52ffd0458dd0000a86b61666b61207265636f72642062617463682c200a0100ce9b4c3cbefefd");
// zstd -c -3 --no-check small.txt: content size in one segment
const ByteBuffer kSized = from_hex("28b52ffd2027dd0000a86b61666b61207265636f72642062617463682c200a0100ce9b4c");
// zstd -c -3 small.txt: content size, checksum
const ByteBuffer kSizedChecked =
    from_hex("28b52ffd2427dd0000a86b61666b61207265636f72642062617463682c200a0100ce9b4c3cbefefd");
// zstd -c -3 --no-check < long.txt
const ByteBuffer kLong = from_hex("28b52ffd0058750000306b61666b61200100c701c94b11");
// zstd -c -3 < long.txt
const ByteBuffer kLongChecked = from_hex("28b52ffd0458750000306b61666b61200100c701c94b1195780411");
// python's zstandard 0.25.0: ZstdCompressor(level=3, write_content_size=False).compress(small): a window of 1 KiB
const ByteBuffer kPython = from_hex("28b52ffd0000dd0000a86b61666b61207265636f72642062617463682c200a0100ce9b4c");
// zstd -c -3 < /dev/null
const ByteBuffer kEmpty = from_hex("28b52ffd240001000099e9d851");
// pzstd -c -3 -q small.txt: a skippable frame that holds the length of the next one, then a checked frame
const ByteBuffer kSkippable = from_hex(
    "502a4d18040000002800000028b52ffd0458dd0000a86b61666b61207265636f72642062617463682c200a0100ce9b4c"
    "3cbefefd");

ByteBuffer join(const ByteBuffer& a, const ByteBuffer& b) {
    ByteBuffer joined(a.bytes());
    joined.append(b.bytes());
    return joined;
}

}  // namespace

TEST_CASE("zstd frames of other tools decompress") {
    for (const ByteBuffer* stream : {&kStreamed, &kChecked, &kSized, &kSizedChecked, &kPython, &kSkippable}) {
        CHECK(unpack(Codec::zstd, stream->bytes()) == kSmall);
    }
    CHECK(unpack(Codec::zstd, kLong.bytes()) == test::long_text());
    CHECK(unpack(Codec::zstd, kLongChecked.bytes()) == test::long_text());
    CHECK(unpack(Codec::zstd, kEmpty.bytes()).empty());
}

TEST_CASE("zstd frames follow one another") {
    ByteBuffer stream = join(join(kLong, kEmpty), join(kSkippable, kSized));
    const std::string expected = test::long_text() + std::string(kSmall) + std::string(kSmall);
    CHECK(unpack(Codec::zstd, stream.bytes()) == expected);
    CHECK(test::limit_is_exact(Codec::zstd, stream.bytes(), expected));
}

TEST_CASE("a cut zstd stream is truncated, except between frames") {
    using Lengths = std::vector<std::size_t>;
    for (const ByteBuffer* stream : {&kStreamed, &kChecked, &kSized, &kSizedChecked, &kPython}) {
        CHECK(test::cuts_that_pass(Codec::zstd, stream->bytes(), kSmall).empty());
    }
    CHECK(test::cuts_that_pass(Codec::zstd, kLongChecked.bytes(), test::long_text()).empty());
    CHECK(test::cuts_that_pass(Codec::zstd, kEmpty.bytes(), "").empty());
    CHECK(test::cuts_that_pass(Codec::zstd, kSkippable.bytes(), kSmall) == Lengths{12});
    const std::string twice = std::string(kSmall) + std::string(kSmall);
    CHECK(test::cuts_that_pass(Codec::zstd, join(kSized, kStreamed).bytes(), twice) == Lengths{kSized.size()});
}

TEST_CASE("no flipped bit makes checked zstd give other bytes") {
    CHECK(test::flips_that_lie(Codec::zstd, kLongChecked.bytes(), test::long_text()) == 0);
    CHECK(test::flips_that_lie(Codec::zstd, kStreamed.bytes(), kSmall) > 0);
}

TEST_CASE("nor where the flipped bit is in the header of a small frame") {
    CHECK(test::flips_that_lie(Codec::zstd, kChecked.bytes(), kSmall) == 0);
    CHECK(test::flips_that_lie(Codec::zstd, kSizedChecked.bytes(), kSmall) == 0);
}

TEST_CASE("bytes after the last zstd frame are corrupt, with all of the content there") {
    for (const char* tail : {"00", "00 00 00 00 00 00 00 00", "28 b5 2f fe", "50 2a 4e"}) {
        ByteBuffer out;
        const Result<void> done = codec::decompress(Codec::zstd, join(kStreamed, from_hex(tail)).bytes(), out);
        REQUIRE(!done);
        CHECK(done.error().code == Errc::corrupt);
        CHECK(out.text() == kSmall);
    }
}

TEST_CASE("broken zstd frames are refused") {
    CHECK(unpack(Codec::zstd, as_bytes("none")) == "<corrupt zstd: magic; expected 0xfd2fb528>");
    // The magic of zstd 0.7, which the library may still read.
    CHECK(unpack(Codec::zstd, from_hex("27b52ffd 00 58 010000").bytes()) == "<corrupt zstd: magic; expected 0xfd2fb528>");
    CHECK(unpack(Codec::zstd, from_hex("28b52ffd 08 58 010000").bytes()) ==
          "<corrupt zstd: reserved bit in the frame header; got 0x08>");
    CHECK(unpack(Codec::zstd, from_hex("28b52ffd 01 58 07 010000").bytes()) ==
          "<unsupported zstd: the frame needs a dictionary>");
    CHECK(unpack(Codec::zstd, from_hex("28b52ffd 01 58 00 010000").bytes()).empty());  // dictionary id 0 is none
    // Block type 3 is reserved: 0x07 is "last block, type 3".
    CHECK(unpack(Codec::zstd, from_hex("28b52ffd 00 58 070000").bytes()).starts_with("<corrupt zstd: "));
    ByteBuffer stream(kChecked.bytes());
    stream.data()[stream.size() - 1] ^= std::byte{1};
    ByteBuffer out;
    const Result<void> done = codec::decompress(Codec::zstd, stream.bytes(), out);
    REQUIRE(!done);
    CHECK(done.error().what == "zstd: the content checksum is wrong");
    CHECK(out.text() == kSmall);
}

TEST_CASE("a zstd window over 128 MiB is unsupported, whatever the content") {
    // Window byte: exponent in the top five bits above 10; 0x88 is 2^27 bytes, 0x89 an eighth more. One raw block "ab".
    CHECK(unpack(Codec::zstd, from_hex("28b52ffd 00 88 110000 6162").bytes()) == "ab");
    CHECK(unpack(Codec::zstd, from_hex("28b52ffd 00 89 110000 6162").bytes()) ==
          "<unsupported zstd: window; expected up to 134217728 bytes, got 150994944>");
    CHECK(unpack(Codec::zstd, from_hex("28b52ffd 00 ff 110000 6162").bytes()).starts_with("<unsupported zstd: window"));
}

TEST_CASE("a zstd content size that lies is corrupt and makes no room") {
    // 0xc0: content size in 8 bytes, with a window byte; one raw block "ab".
    ByteBuffer out;
    const ByteBuffer lie = from_hex("28b52ffd c0 58 ffffffffffffff0f 110000 6162");
    const Result<void> done = codec::decompress(Codec::zstd, lie.bytes(), out);
    REQUIRE(!done);
    CHECK(done.error().code == Errc::corrupt);
    CHECK(out.capacity() < 256 * 1024);
    const ByteBuffer less = from_hex("28b52ffd 20 01 110000 6162");  // states 1 byte in one segment
    CHECK(unpack(Codec::zstd, less.bytes()).starts_with("<corrupt zstd: "));
}

TEST_CASE("block headers that claim much make little room") {
    // A thousand compressed blocks of one byte, each good for 128 KiB by its header and none of them valid.
    ByteBuffer stream = from_hex("28b52ffd 00 58");
    for (int i = 0; i < 1000; ++i) {
        stream.append(from_hex("0c0000 00").bytes());
    }
    ByteBuffer out;
    CHECK(!codec::decompress(Codec::zstd, stream.bytes(), out));
    CHECK(out.capacity() <= 2 * 1024 * 1024);
}

TEST_CASE("zstd content beyond what headers are trusted for comes out piece by piece") {
    // 100 blocks of type "repeat one byte", 128 KiB each: 0x100002 is (131072 << 3) | (1 << 1), the last one has bit 0.
    ByteBuffer stream = from_hex("28b52ffd 00 58");
    for (int i = 0; i < 100; ++i) {
        stream.append(from_hex(i < 99 ? "020010 61" : "030010 61").bytes());
    }
    const std::string expected(std::size_t{100} * 131072, 'a');
    CHECK(unpack(Codec::zstd, stream.bytes()) == expected);
    CHECK(test::limit_is_exact(Codec::zstd, stream.bytes(), expected));
    CHECK(test::cuts_that_pass(Codec::zstd, stream.bytes(), expected).empty());
}

TEST_CASE("zstd limits are exact") {
    for (const ByteBuffer* stream : {&kStreamed, &kChecked, &kSized, &kSizedChecked, &kPython, &kSkippable}) {
        CHECK(test::limit_is_exact(Codec::zstd, stream->bytes(), kSmall));
    }
    CHECK(test::limit_is_exact(Codec::zstd, kLong.bytes(), test::long_text()));
    CHECK(test::limit_is_exact(Codec::zstd, kEmpty.bytes(), ""));
}

TEST_CASE("zstd is written as Kafka does, without content size unless asked") {
    ByteBuffer out;
    REQUIRE(codec::compress(Codec::zstd, as_bytes(kSmall), out));
    // Magic, no flags, a window of 2 MiB: the start of every stream in the corpus.
    CHECK(as_text(out.bytes().first(6)) == from_hex("28b52ffd 00 58").text());
    out.clear();
    REQUIRE(codec::compress(Codec::zstd, as_bytes(kSmall), out, {.zstd_content_size = true}));
    CHECK(as_text(out.bytes().first(6)) == from_hex("28b52ffd 20 27").text());
    CHECK(unpack(Codec::zstd, out.bytes()) == kSmall);
}

TEST_CASE("zstd content checksums are seen, also behind other frames") {
    CHECK(codec::has_content_checksum(Codec::zstd, kChecked.bytes()));
    CHECK(codec::has_content_checksum(Codec::zstd, kSkippable.bytes()));
    CHECK(!codec::has_content_checksum(Codec::zstd, kSized.bytes()));
    CHECK(codec::has_content_checksum(Codec::zstd, join(kChecked, kLongChecked).bytes()));
    CHECK(!codec::has_content_checksum(Codec::zstd, join(kChecked, kLong).bytes()));
    CHECK(!codec::has_content_checksum(Codec::zstd, as_bytes(kSmall)));
    CHECK(!codec::has_content_checksum(Codec::zstd, {}));
}
