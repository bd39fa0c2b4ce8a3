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

// python3 -c 'gzip.compress(small, mtime=0)'
const ByteBuffer kPython =
    from_hex("1f8b0800000000000203cb4e4ccb4e54284a4dce2f4a51484a2c49ced051c8c610e3020085be74a927000000");
// gzip -9 -c small.txt: with the file's name and time
const ByteBuffer kNamed = from_hex(
    "1f8b08083080036b0203736d616c6c2e74787400cb4e4ccb4e54284a4dce2f4a51484a2c49ced051c8c610e3020085be"
    "74a927000000");
// gzip -nc small.txt; gzip -nc small.txt
const ByteBuffer kTwoMembers = from_hex(
    "1f8b0800000000000003cb4e4ccb4e54284a4dce2f4a51484a2c49ced051c8c610e3020085be74a9270000001f8b0800"
    "000000000003cb4e4ccb4e54284a4dce2f4a51484a2c49ced051c8c610e3020085be74a927000000");
// python3's zlib: raw deflate after a header by RFC 1952 with extra field "AB" of length 0, comment "note" and header CRC
const ByteBuffer kAllFields = from_hex(
    "1f8b08160000000000030400414200006e6f746500b47ccb4e4ccb4e54284a4dce2f4a51484a2c49ced051c8c610e302"
    "0085be74a927000000");
// gzip -nc long.txt
const ByteBuffer kLong = from_hex(
    "1f8b0800000000000003edc4211100000804b02a547b83f9fe9e1edc26d66c33b56ddbb66ddbb66ddbb66ddbb66ddbb6"
    "6ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb6"
    "6ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddbb66ddb8f3e949fb9d7d0010100");
// gzip -nc < /dev/null
const ByteBuffer kEmpty = from_hex("1f8b080000000000000303000000000000000000");

const std::string kTwice = std::string(kSmall) + std::string(kSmall);

}  // namespace

TEST_CASE("gzip members of other tools decompress") {
    CHECK(unpack(Codec::gzip, kPython.bytes()) == kSmall);
    CHECK(unpack(Codec::gzip, kNamed.bytes()) == kSmall);
    CHECK(unpack(Codec::gzip, kAllFields.bytes()) == kSmall);
    CHECK(unpack(Codec::gzip, kLong.bytes()) == test::long_text());
    CHECK(unpack(Codec::gzip, kEmpty.bytes()).empty());
}

TEST_CASE("gzip members follow one another") {
    CHECK(unpack(Codec::gzip, kTwoMembers.bytes()) == kTwice);
    ByteBuffer mixed(kLong.bytes());  // the last length says nothing about the first member
    mixed.append(kEmpty.bytes());
    mixed.append(kNamed.bytes());
    CHECK(unpack(Codec::gzip, mixed.bytes()) == test::long_text() + std::string(kSmall));
    CHECK(test::limit_is_exact(Codec::gzip, mixed.bytes(), test::long_text() + std::string(kSmall)));
}

TEST_CASE("a cut gzip stream is truncated, except between members") {
    using Lengths = std::vector<std::size_t>;
    CHECK(test::cuts_that_pass(Codec::gzip, kNamed.bytes(), kSmall).empty());
    CHECK(test::cuts_that_pass(Codec::gzip, kAllFields.bytes(), kSmall).empty());
    CHECK(test::cuts_that_pass(Codec::gzip, kLong.bytes(), test::long_text()).empty());
    CHECK(test::cuts_that_pass(Codec::gzip, kEmpty.bytes(), "").empty());
    CHECK(test::cuts_that_pass(Codec::gzip, kTwoMembers.bytes(), kTwice) == Lengths{kTwoMembers.size() / 2});
}

TEST_CASE("no flipped bit makes gzip give other bytes") {
    CHECK(test::flips_that_lie(Codec::gzip, kNamed.bytes(), kSmall) == 0);
    CHECK(test::flips_that_lie(Codec::gzip, kAllFields.bytes(), kSmall) == 0);
    CHECK(test::flips_that_lie(Codec::gzip, kLong.bytes(), test::long_text()) == 0);
    CHECK(test::flips_that_lie(Codec::gzip, kTwoMembers.bytes(), kTwice) == 0);
}

TEST_CASE("bytes after the last gzip member are corrupt, with all of the content there") {
    for (const char* tail : {"00", "00 00 00 00 00 00 00 00 00 00 00 00", "ff", "1f 00"}) {
        ByteBuffer stream(kPython.bytes());
        stream.append(from_hex(tail).bytes());
        ByteBuffer out;
        const Result<void> done = codec::decompress(Codec::gzip, stream.bytes(), out);
        REQUIRE(!done);
        CHECK(done.error().code == Errc::corrupt);
        CHECK(out.text() == kSmall);
    }
}

TEST_CASE("a gzip error says what was expected") {
    ByteBuffer stream(kPython.bytes());
    stream.data()[stream.size() - 8] ^= std::byte{1};  // python3: zlib.crc32(small) == 0xa974be85
    CHECK(unpack(Codec::gzip, stream.bytes()) == "<corrupt gzip: checksum; expected 0xa974be85, got 0xa974be84>");
    stream = ByteBuffer(kPython.bytes());
    stream.data()[stream.size() - 4] ^= std::byte{1};
    CHECK(unpack(Codec::gzip, stream.bytes()) == "<corrupt gzip: length; expected 39, got 38>");
    stream = ByteBuffer(kAllFields.bytes());
    stream.data()[4] ^= std::byte{1};  // the time, under the header's CRC
    CHECK(unpack(Codec::gzip, stream.bytes()) == "<corrupt gzip: header checksum; expected 0xb7f7, got 0x7cb4>");
    CHECK(unpack(Codec::gzip, as_bytes("PK")) == "<corrupt gzip: magic; expected 0x1f8b, got 0x504b>");
    // Deflate has no block type 3: 07 is "last block, type 3".
    CHECK(unpack(Codec::gzip, from_hex("1f8b0800000000000003 07 0000000000000000").bytes()) ==
          "<corrupt gzip: invalid block type>");
    CHECK(unpack(Codec::gzip, from_hex("1f8b0700000000000003 0300 0000000000000000").bytes()) ==
          "<corrupt gzip: method; expected 8, got 7>");
    CHECK(unpack(Codec::gzip, from_hex("1f8b0820000000000003 0300 0000000000000000").bytes()) ==
          "<corrupt gzip: reserved flags are set; got 0x20>");
}

TEST_CASE("what comes before the damage in a gzip member is kept") {
    // A stored block (00, length 5 and its complement), then block type 3.
    const ByteBuffer stream = from_hex("1f8b0800000000000003 00 0500 faff 68656c6c6f 07 0000000000000000");
    ByteBuffer out;
    const Result<void> done = codec::decompress(Codec::gzip, stream.bytes(), out);
    REQUIRE(!done);
    CHECK(done.error().code == Errc::corrupt);
    CHECK(out.text() == "hello");
}

TEST_CASE("a gzip length that lies makes no room") {
    ByteBuffer stream(kPython.bytes());
    for (std::size_t i = 1; i <= 4; ++i) {
        stream.data()[stream.size() - i] = std::byte{0xff};  // says 4 GiB less one byte
    }
    ByteBuffer out;
    const Result<void> done = codec::decompress(Codec::gzip, stream.bytes(), out);
    REQUIRE(!done);
    CHECK(done.error().code == Errc::corrupt);
    CHECK(out.text() == kSmall);
    CHECK(out.capacity() <= 1032 * stream.size());
}

TEST_CASE("gzip limits are exact") {
    CHECK(test::limit_is_exact(Codec::gzip, kNamed.bytes(), kSmall));
    CHECK(test::limit_is_exact(Codec::gzip, kLong.bytes(), test::long_text()));
    CHECK(test::limit_is_exact(Codec::gzip, kEmpty.bytes(), ""));
}

TEST_CASE("gzip is written with the header of java.util.zip") {
    ByteBuffer out;
    REQUIRE(codec::compress(Codec::gzip, as_bytes(kSmall), out));
    // The start of every stream in the corpus, which Kafka wrote on Java 17.
    CHECK(as_text(out.bytes().first(10)) == from_hex("1f 8b 08 00 00000000 00 ff").text());
    CHECK(codec::has_content_checksum(Codec::gzip, out.bytes()));
    CHECK(!codec::has_content_checksum(Codec::gzip, as_bytes(kSmall)));
    CHECK(!codec::has_content_checksum(Codec::gzip, {}));
}
