// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "kafka/codec/codec.hpp"
#include "support/hex.hpp"
#include "unit/kafka/codec/damage.hpp"

using namespace kseg;
using codec::Codec;
using codec::SnappyFraming;
using test::from_hex;
using test::kSmall;
using test::unpack;

namespace {

// python-snappy 0.7.3: snappy.compress(small); cramjam 2.14 gives the same
const ByteBuffer kRaw = from_hex("274c6b61666b61207265636f72642062617463682c20461400000a");
// kafka-python 3.0.12: kafka.codec.snappy_encode(small)
const ByteBuffer kXerial =
    from_hex("82534e415050590000000001000000010000001b274c6b61666b61207265636f72642062617463682c20461400000a");
// kafka-python 3.0.12: kafka.codec.snappy_encode(small + small, xerial_blocksize=32)
const ByteBuffer kXerialBlocks = from_hex(
    "82534e4150505900000000010000000100000022207c6b61666b61207265636f72642062617463682c206b61666b6120"
    "7265636f726400000022207c2062617463680a6b61666b61207265636f72642062617463682c206b61666b6100000010"
    "0e34207265636f72642062617463680a");
// The header alone: what snappy-java writes for no bytes.
const ByteBuffer kXerialEmpty = from_hex("82534e4150505900 00000001 00000001");

const std::string kTwice = std::string(kSmall) + std::string(kSmall);

}  // namespace

TEST_CASE("raw and xerial snappy of other tools decompress") {
    CHECK(unpack(Codec::snappy, kRaw.bytes()) == kSmall);
    CHECK(unpack(Codec::snappy, kXerial.bytes()) == kSmall);
    CHECK(unpack(Codec::snappy, kXerialBlocks.bytes()) == kTwice);
    CHECK(unpack(Codec::snappy, kXerialEmpty.bytes()).empty());
    CHECK(unpack(Codec::snappy, from_hex("00").bytes()).empty());
}

TEST_CASE("xerial streams follow one another, as snappy-java reads them") {
    ByteBuffer stream(kXerial.bytes());
    stream.append(kXerialEmpty.bytes());
    stream.append(kXerial.bytes());
    CHECK(unpack(Codec::snappy, stream.bytes()) == kTwice);
}

TEST_CASE("a cut snappy stream is truncated, except between xerial blocks") {
    using Lengths = std::vector<std::size_t>;
    CHECK(test::cuts_that_pass(Codec::snappy, kRaw.bytes(), kSmall).empty());
    CHECK(test::cuts_that_pass(Codec::snappy, kXerial.bytes(), kSmall) == Lengths{16});
    CHECK(test::cuts_that_pass(Codec::snappy, kXerialBlocks.bytes(), kTwice) == Lengths{16, 54, 92});
    CHECK(test::cuts_that_pass(Codec::snappy, kXerialEmpty.bytes(), "").empty());
}

TEST_CASE("flipped bits in snappy crash nothing") {
    // Without a checksum most flips in literals pass; what matters is that each ends.
    CHECK(test::flips_that_lie(Codec::snappy, kRaw.bytes(), kSmall) > 0);
    CHECK(test::flips_that_lie(Codec::snappy, kXerialBlocks.bytes(), kTwice) > 0);
}

TEST_CASE("a broken snappy block is corrupt, and what comes before is kept") {
    // Elements as in snappy's format_description.txt: 08 is a literal of 3 bytes, 01 a copy of 4 bytes with 11 bits of
    // offset.
    CHECK(unpack(Codec::snappy, from_hex("07 08 616263 01 03").bytes()) == "abcabca");
    CHECK(unpack(Codec::snappy, from_hex("07 08 616263 01 04").bytes()) ==
          "<corrupt snappy: copy from 4 bytes back after 3 bytes>");
    CHECK(unpack(Codec::snappy, from_hex("07 08 616263 01 00").bytes()) ==
          "<corrupt snappy: copy from 0 bytes back after 3 bytes>");
    CHECK(unpack(Codec::snappy, from_hex("06 08 616263 01 03").bytes()) ==
          "<corrupt snappy: the block holds more than the 6 bytes it states>");
    CHECK(unpack(Codec::snappy, from_hex("08 08 616263 01 03").bytes()) ==
          "<truncated snappy: the block ends early; expected 8 bytes, got 7>");
    CHECK(unpack(Codec::snappy, from_hex("ff ff ff ff ff 01").bytes()) == "<corrupt snappy: the length is over 32 bits>");
    ByteBuffer out;
    CHECK(!codec::decompress(Codec::snappy, from_hex("09 08 616263 01 03 01 09").bytes(), out));
    CHECK(out.text() == "abcabca");
}

// cramjam 2.14 decodes the whole block to the same content.
TEST_CASE("snappy elements of every kind come out also of a block that the library refuses") {
    const std::string elements =
        "f0 0b 6162636465666768696a6b6c"  // literal, length less one in 1 byte: 12
        "01 0c"                           // copy 4 from 12 back: abcd
        "0e 0600"                         // copy 4 from 6 back, offset in 2 bytes: klab
        "f4 0000 78"                      // literal, length less one in 2 bytes: 1
        "0b 0a000000"                     // copy 3 from 10 back, offset in 4 bytes: lab
        "21 01";                          // copy 4 from 257 back: refused where the block is whole
    const std::string whole = elements.substr(0, elements.size() - 5);
    const std::string content = "abcdefghijklabcdklabxlab";
    CHECK(unpack(Codec::snappy, from_hex("18" + whole).bytes()) == content);
    ByteBuffer out;
    REQUIRE(!codec::decompress(Codec::snappy, from_hex("19" + whole).bytes(), out));
    CHECK(out.text() == content);
    CHECK(unpack(Codec::snappy, from_hex("1c" + elements).bytes()) ==
          "<corrupt snappy: copy from 257 bytes back after 24 bytes>");
}

TEST_CASE("broken xerial framing is corrupt") {
    CHECK(unpack(Codec::snappy, from_hex("82534e4150505900 00000000 00000001").bytes()) ==
          "<corrupt snappy: xerial version; expected 1, got 0>");
    CHECK(unpack(Codec::snappy, from_hex("82534e4150505900 00000001 00000001 ffffffff").bytes()) ==
          "<corrupt snappy: block length; got -1>");
    CHECK(unpack(Codec::snappy, from_hex("82534e4150505900 00000001 00000001 00000000").bytes()).starts_with("<truncated"));
    ByteBuffer junk(kXerial.bytes());
    junk.append(from_hex("00 00 00 01 05").bytes());
    ByteBuffer out;
    CHECK(!codec::decompress(Codec::snappy, junk.bytes(), out));
    CHECK(out.text() == kSmall);
}

TEST_CASE("a snappy length that lies makes no room") {
    // States 4 GiB less one byte, then holds one literal.
    const ByteBuffer raw = from_hex("ff ff ff ff 0f 00 61");
    ByteBuffer out;
    const Result<void> done = codec::decompress(Codec::snappy, raw.bytes(), out);
    REQUIRE(!done);
    CHECK(out.text() == "a");
    CHECK(out.capacity() < 1024);
    const ByteBuffer framed = from_hex("82534e4150505900 00000001 00000001 00000007 ffffffff0f 00 61");
    REQUIRE(!codec::decompress(Codec::snappy, framed.bytes(), out));
    CHECK(out.text() == "a");
    CHECK(out.capacity() < 1024);
}

TEST_CASE("snappy limits are exact") {
    CHECK(test::limit_is_exact(Codec::snappy, kRaw.bytes(), kSmall));
    CHECK(test::limit_is_exact(Codec::snappy, kXerial.bytes(), kSmall));
    CHECK(test::limit_is_exact(Codec::snappy, kXerialBlocks.bytes(), kTwice));
    CHECK(test::limit_is_exact(Codec::snappy, kXerialEmpty.bytes(), ""));
}

TEST_CASE("snappy is written in xerial blocks of 32 KiB, or raw") {
    ByteBuffer out;
    REQUIRE(codec::compress(Codec::snappy, as_bytes(kSmall), out));
    CHECK(out.text() == kXerial.text());
    out.clear();
    REQUIRE(codec::compress(Codec::snappy, as_bytes(kSmall), out, {.snappy = SnappyFraming::raw}));
    CHECK(out.text() == kRaw.text());
    out.clear();
    REQUIRE(codec::compress(Codec::snappy, {}, out));
    CHECK(out.text() == kXerialEmpty.text());
    out.clear();
    const std::string text = test::long_text();
    REQUIRE(codec::compress(Codec::snappy, as_bytes(text), out));
    // Each block starts with its content's length: 80 80 02 is 32768.
    CHECK(as_text(out.bytes().subspan(20, 3)) == from_hex("80 80 02").text());
    CHECK(unpack(Codec::snappy, out.bytes()) == text);
    CHECK(!codec::has_content_checksum(Codec::snappy, out.bytes()));
}
