// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "kafka/codec/codec.hpp"
#include "support/hex.hpp"
#include "unit/kafka/codec/damage.hpp"

using namespace kseg;
using codec::Codec;
using codec::Lz4HeaderChecksum;
using test::from_hex;
using test::kSmall;
using test::unpack;

namespace {

// lz4 1.9.4: lz4 -c -1 --no-frame-crc small.txt; also python's lz4.frame.compress(small, block_linked=False,
// store_size=False)
const ByteBuffer kPlain =
    from_hex("04224d186040821e000000fa056b61666b61207265636f72642062617463682c20140050617463680a00000000");
// lz4 -c -1 small.txt: content checksum
const ByteBuffer kChecked = from_hex(
    "04224d186440a71e000000fa056b61666b61207265636f72642062617463682c20140050617463680a000000003ddcfb"
    "e2");
// lz4 -c -1 -BX small.txt: block and content checksums
const ByteBuffer kBlockChecked = from_hex(
    "04224d187440bd1e000000fa056b61666b61207265636f72642062617463682c20140050617463680ad1368d04000000"
    "003ddcfbe2");
// lz4 -c -1 --content-size small.txt
const ByteBuffer kSized = from_hex(
    "04224d186c402700000000000000671e000000fa056b61666b61207265636f72642062617463682c2014005061746368"
    "0a000000003ddcfbe2");
// lz4 -c -1 -B4 -BD long.txt: two linked blocks, content checksum
const ByteBuffer kLinked = from_hex(
    "04224d1844405e100100006f6b61666b61200600ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe250206b61666b0b0000000f"
    "fcffffb95061666b6120000000009b3de663");
// lz4 -c -1 -B4 -BI --no-frame-crc long.txt: two independent blocks
const ByteBuffer kIndependent = from_hex(
    "04224d18604082100100006f6b61666b61200600ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe250206b61666b110000006f"
    "61206b61666b0600ffb35061666b612000000000");
// python's lz4.frame.compress(bytes(range(32)), block_linked=False, store_size=False): one block that is not compressed
const ByteBuffer kStored =
    from_hex("04224d1860408220000080000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00000000");
// kafka-python 3.0.12: kafka.codec.lz4_encode_old_kafka(small): the header checksum of magic 0
const ByteBuffer kOld =
    from_hex("04224d1860401a1e000000fa056b61666b61207265636f72642062617463682c20140050617463680a00000000");
// Skippable frame number 2 with 3 bytes, laid out as the frame format says
const ByteBuffer kSkippable = from_hex("522a4d18 03000000 aabbcc");

const codec::DecompressOptions kAny{.lz4_header = Lz4HeaderChecksum::any};

ByteBuffer join(const ByteBuffer& a, const ByteBuffer& b) {
    ByteBuffer joined(a.bytes());
    joined.append(b.bytes());
    return joined;
}

}  // namespace

TEST_CASE("LZ4 frames of other tools decompress") {
    CHECK(unpack(Codec::lz4, kPlain.bytes()) == kSmall);
    CHECK(unpack(Codec::lz4, kChecked.bytes()) == kSmall);
    CHECK(unpack(Codec::lz4, kBlockChecked.bytes()) == kSmall);
    CHECK(unpack(Codec::lz4, kSized.bytes()) == kSmall);
    CHECK(unpack(Codec::lz4, kLinked.bytes()) == test::long_text());
    CHECK(unpack(Codec::lz4, kIndependent.bytes()) == test::long_text());
    CHECK(unpack(Codec::lz4, kStored.bytes()).substr(30) == "\x1e\x1f");
}

TEST_CASE("the header checksum of magic 0 is taken where it is asked for") {
    CHECK(unpack(Codec::lz4, kOld.bytes(), kAny) == kSmall);
    CHECK(unpack(Codec::lz4, kPlain.bytes(), kAny) == kSmall);
    CHECK(unpack(Codec::lz4, kOld.bytes()) == "<corrupt lz4: header checksum; expected 0x82, got 0x1a>");
    ByteBuffer wrong(kPlain.bytes());
    wrong.data()[6] = std::byte{0x83};
    CHECK(unpack(Codec::lz4, wrong.bytes(), kAny) == "<corrupt lz4: header checksum; expected 0x82, got 0x83>");
}

TEST_CASE("LZ4 frames follow one another, skippable ones too") {
    const std::string expected = test::long_text() + std::string(kSmall) + test::long_text();
    ByteBuffer stream = join(join(kSkippable, kLinked), join(kSized, kSkippable));
    stream.append(kLinked.bytes());
    CHECK(unpack(Codec::lz4, stream.bytes()) == expected);
    CHECK(test::limit_is_exact(Codec::lz4, stream.bytes(), expected));
    CHECK(unpack(Codec::lz4, kSkippable.bytes()).empty());
}

TEST_CASE("an LZ4 frame does not reach into the one before it, nor an independent block into its neighbour") {
    // Token 0x10: one literal, then a match of 4 bytes at offset 2; then token 0x50, the five literals that end a block.
    const char* const back_two = "0a000000 10 61 0200 50 6263646566";
    const std::string linked = std::string("04224d18 40 40 c0 ") + back_two + " 00000000";
    CHECK(unpack(Codec::lz4, join(kLinked, from_hex(linked)).bytes()) == "<corrupt lz4: malformed block>");
    const std::string stored = "02000080 6162 ";
    CHECK(unpack(Codec::lz4, from_hex("04224d18 40 40 c0 " + stored + back_two + " 00000000").bytes()) == "ababababcdef");
    CHECK(unpack(Codec::lz4, from_hex("04224d18 60 40 82 " + stored + back_two + " 00000000").bytes()) ==
          "<corrupt lz4: malformed block>");
}

TEST_CASE("a cut LZ4 stream is truncated, except between frames") {
    using Lengths = std::vector<std::size_t>;
    for (const ByteBuffer* stream : {&kPlain, &kChecked, &kBlockChecked, &kSized}) {
        CHECK(test::cuts_that_pass(Codec::lz4, stream->bytes(), kSmall).empty());
    }
    CHECK(test::cuts_that_pass(Codec::lz4, kOld.bytes(), kSmall, kAny).empty());
    CHECK(test::cuts_that_pass(Codec::lz4, kLinked.bytes(), test::long_text()).empty());
    CHECK(test::cuts_that_pass(Codec::lz4, kIndependent.bytes(), test::long_text()).empty());
    const std::string twice = std::string(kSmall) + std::string(kSmall);
    CHECK(test::cuts_that_pass(Codec::lz4, join(kPlain, kSized).bytes(), twice) == Lengths{kPlain.size()});
    CHECK(test::cuts_that_pass(Codec::lz4, join(kSkippable, kPlain).bytes(), kSmall) == Lengths{kSkippable.size()});
}

TEST_CASE("no flipped bit makes checked LZ4 give other bytes") {
    CHECK(test::flips_that_lie(Codec::lz4, kChecked.bytes(), kSmall) == 0);
    CHECK(test::flips_that_lie(Codec::lz4, kBlockChecked.bytes(), kSmall) == 0);
    CHECK(test::flips_that_lie(Codec::lz4, kSized.bytes(), kSmall) == 0);
    CHECK(test::flips_that_lie(Codec::lz4, kLinked.bytes(), test::long_text()) == 0);
    // Without a content checksum literals may change unseen.
    CHECK(test::flips_that_lie(Codec::lz4, kPlain.bytes(), kSmall) > 0);
}

TEST_CASE("bytes after the last LZ4 frame are corrupt, with all of the content there") {
    for (const char* tail : {"00", "00 00 00 00 00 00 00 00", "04 22 4d 19", "50 2a 4e"}) {
        ByteBuffer out;
        const Result<void> done = codec::decompress(Codec::lz4, join(kPlain, from_hex(tail)).bytes(), out);
        REQUIRE(!done);
        CHECK(done.error().code == Errc::corrupt);
        CHECK(out.text() == kSmall);
    }
}

TEST_CASE("broken LZ4 frames are refused with what was expected") {
    CHECK(unpack(Codec::lz4, as_bytes("none")) == "<corrupt lz4: magic; expected 0x184d2204>");
    CHECK(unpack(Codec::lz4, from_hex("04224d18 20 40 00 00000000").bytes()) == "<corrupt lz4: frame flags; got 0x20>");
    CHECK(unpack(Codec::lz4, from_hex("04224d18 62 40 00 00000000").bytes()) == "<corrupt lz4: frame flags; got 0x62>");
    CHECK(unpack(Codec::lz4, from_hex("04224d18 60 30 00 00000000").bytes()) ==
          "<corrupt lz4: block size bits; expected 0x40 to 0x70, got 0x30>");
    CHECK(unpack(Codec::lz4, from_hex("04224d18 61 40 00000000 00 00000000").bytes()) ==
          "<unsupported lz4: the frame needs a dictionary>");
    CHECK(unpack(Codec::lz4, from_hex("04224d18 60 40 82 01000100").bytes()) ==
          "<corrupt lz4: block length; expected up to 65536, got 65537>");
    // Token 0x10: one literal, then a match at offset 0, which no stream may hold.
    CHECK(unpack(Codec::lz4, from_hex("04224d18 60 40 82 04000000 10 61 0000 00000000").bytes()) ==
          "<corrupt lz4: malformed block>");
    ByteBuffer stream(kChecked.bytes());
    stream.data()[stream.size() - 1] ^= std::byte{0x80};
    CHECK(unpack(Codec::lz4, stream.bytes()) == "<corrupt lz4: content checksum; expected 0xe2fbdc3d, got 0x62fbdc3d>");
    stream = ByteBuffer(kBlockChecked.bytes());
    stream.data()[stream.size() - 9] ^= std::byte{0x80};
    CHECK(unpack(Codec::lz4, stream.bytes()) == "<corrupt lz4: block checksum; expected 0x048d36d1, got 0x848d36d1>");
}

TEST_CASE("an LZ4 content size that lies is corrupt and makes no room") {
    // python: xxhash.xxh32(bytes.fromhex("6840ffffffffffffff0f")).intdigest() >> 8 & 255 == 0xb4
    const ByteBuffer lie = from_hex("04224d18 68 40 ffffffffffffff0f b4 02000080 6162 00000000");
    ByteBuffer out;
    const Result<void> done = codec::decompress(Codec::lz4, lie.bytes(), out);
    REQUIRE(!done);
    CHECK(done.error().what == "lz4: content size; expected 2, got 1152921504606846975");
    CHECK(out.text() == "ab");
    CHECK(out.capacity() < 1024);
}

TEST_CASE("blocks before a broken LZ4 block are kept") {
    ByteBuffer stream(kIndependent.bytes());
    // Header 7, then the first block: length 4, data 0x110; the second one's data follows its length.
    const std::size_t second = 7 + 4 + 0x110 + 4;
    for (std::size_t i = second; i < second + 12; ++i) {
        stream.data()[i] = std::byte{0};
    }
    ByteBuffer out;
    const Result<void> done = codec::decompress(Codec::lz4, stream.bytes(), out);
    REQUIRE(!done);
    CHECK(done.error().code == Errc::corrupt);
    CHECK(out.text() == test::long_text().substr(0, 65536));
}

TEST_CASE("LZ4 limits are exact") {
    CHECK(test::limit_is_exact(Codec::lz4, kPlain.bytes(), kSmall));
    CHECK(test::limit_is_exact(Codec::lz4, kSized.bytes(), kSmall));
    CHECK(test::limit_is_exact(Codec::lz4, kLinked.bytes(), test::long_text()));
    CHECK(test::limit_is_exact(Codec::lz4, kStored.bytes(), unpack(Codec::lz4, kStored.bytes())));
}

TEST_CASE("LZ4 is written as Kafka does: independent 64 KiB blocks, no checksums, no size") {
    ByteBuffer out;
    REQUIRE(codec::compress(Codec::lz4, as_bytes(kSmall), out));
    CHECK(as_text(out.bytes().first(7)) == from_hex("04224d18 60 40 82").text());
    CHECK(as_text(out.bytes().last(4)) == from_hex("00000000").text());
    CHECK(unpack(Codec::lz4, out.bytes()) == kSmall);
    out.clear();
    REQUIRE(codec::compress(Codec::lz4, {}, out));
    CHECK(out.text() == from_hex("04224d18 60 40 82 00000000").text());
    out.clear();
    const std::string text = test::long_text();
    REQUIRE(codec::compress(Codec::lz4, as_bytes(text), out, {.lz4_linked_blocks = true}));
    CHECK(as_text(out.bytes().first(7)) == from_hex("04224d18 40 40 c0").text());
    CHECK(unpack(Codec::lz4, out.bytes()) == text);
    out.clear();
    REQUIRE(codec::compress(Codec::lz4, as_bytes("one block"), out, {.lz4_linked_blocks = true}));
    CHECK(as_text(out.bytes().first(7)) == from_hex("04224d18 40 40 c0").text());
}

TEST_CASE("LZ4 content checksums are seen, also behind other frames") {
    CHECK(codec::has_content_checksum(Codec::lz4, kChecked.bytes()));
    CHECK(codec::has_content_checksum(Codec::lz4, kLinked.bytes()));
    CHECK(!codec::has_content_checksum(Codec::lz4, kPlain.bytes()));
    CHECK(!codec::has_content_checksum(Codec::lz4, kOld.bytes()));
    CHECK(codec::has_content_checksum(Codec::lz4, join(kSkippable, kChecked).bytes()));
    CHECK(codec::has_content_checksum(Codec::lz4, join(kSized, kLinked).bytes()));
    CHECK(!codec::has_content_checksum(Codec::lz4, join(kSized, kPlain).bytes()));
    CHECK(!codec::has_content_checksum(Codec::lz4, kSkippable.bytes()));
    CHECK(!codec::has_content_checksum(Codec::lz4, as_bytes(kSmall)));
    CHECK(!codec::has_content_checksum(Codec::lz4, {}));
}
