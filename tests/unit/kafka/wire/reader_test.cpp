// SPDX-License-Identifier: Apache-2.0
#include "kafka/wire/reader.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "kafka/wire/writer.hpp"
#include "support/hex.hpp"

using namespace kseg;
using test::from_hex;

TEST_CASE("integers are big-endian") {
    const ByteBuffer bytes = from_hex("fe  80 01  01 02 03 04  80 00 00 00 00 00 00 01  ff ff ff ff");
    wire::Reader in(bytes.bytes(), FileOffset{100});
    CHECK(in.i8() == -2);
    CHECK(in.i16() == -32767);
    CHECK(in.i32() == 0x01020304);
    CHECK(in.i64() == std::numeric_limits<std::int64_t>::min() + 1);
    CHECK(in.position().value == 115);
    CHECK(in.u32() == 0xffffffff);
    CHECK(in.ok());
    CHECK(in.left() == 0);
}

TEST_CASE("zigzag numbers are those of the protobuf encoding, read and written") {
    struct Case {
        const char* hex;
        std::int64_t value;
    };
    // protobuf.dev, Encoding, Signed Integers; and the ends of each length.
    for (const Case& c : {Case{"00", 0},
                          {"01", -1},
                          {"02", 1},
                          {"03", -2},
                          {"7e", 63},
                          {"7f", -64},
                          {"80 01", 64},
                          {"ac 02", 150},
                          {"fe ff ff ff 0f", 0x7fffffff},
                          {"ff ff ff ff 0f", -0x80000000LL}}) {
        CAPTURE(c.hex);
        const ByteBuffer bytes = from_hex(c.hex);
        wire::Reader narrow(bytes.bytes());
        CHECK(narrow.varint() == c.value);
        CHECK(narrow.ok());
        wire::Reader wide(bytes.bytes());
        CHECK(wide.varlong() == c.value);
        ByteBuffer out;
        wire::Writer(out).varint(c.value);
        CHECK(out.text() == bytes.text());
        CHECK(wire::varlong_bytes(c.value) == bytes.size());
    }
    const ByteBuffer largest = from_hex("fe ff ff ff ff ff ff ff ff 01");
    wire::Reader in(largest.bytes());
    CHECK(in.varlong() == std::numeric_limits<std::int64_t>::max());
    ByteBuffer out;
    wire::Writer(out).varint(std::numeric_limits<std::int64_t>::min());
    CHECK(out.text() == from_hex("ff ff ff ff ff ff ff ff ff 01").text());
}

TEST_CASE("varints that are too long, too large or cut fail") {
    for (const char* const bad : {"80 80 80 80 80 00", "ff ff ff ff 1f", "80 80 80 80 80", "80", ""}) {
        CAPTURE(bad);
        const ByteBuffer bytes = from_hex(bad);
        wire::Reader in(bytes.bytes());
        CHECK(in.varint() == 0);
        CHECK_FALSE(in.ok());
    }
    for (const char* const bad : {"80 80 80 80 80 80 80 80 80 80 00", "ff ff ff ff ff ff ff ff ff 02", "80 80 80"}) {
        CAPTURE(bad);
        const ByteBuffer bytes = from_hex(bad);
        wire::Reader in(bytes.bytes());
        CHECK(in.varlong() == 0);
        CHECK_FALSE(in.ok());
    }
}

TEST_CASE("null is not empty, and lengths that lie fail") {
    const ByteBuffer bytes = from_hex("01  00  04 61 62  ff ff ff ff  00 00 00 00  00 00 00 01 7a");
    wire::Reader in(bytes.bytes());
    CHECK_FALSE(in.varint_bytes());
    CHECK(in.varint_bytes()->empty());
    CHECK(as_text(*in.varint_bytes()) == "ab");
    CHECK_FALSE(in.i32_bytes());
    CHECK(in.i32_bytes()->empty());
    CHECK(as_text(*in.i32_bytes()) == "z");
    CHECK(in.ok());
    for (const char* const bad : {"03 61", "06 61 62", "fe ff ff ff 0f 61"}) {
        const ByteBuffer lie = from_hex(bad);
        wire::Reader liar(lie.bytes());
        liar.varint_bytes();
        CHECK_FALSE(liar.ok());
    }
}

TEST_CASE("after a failure everything reads as nothing") {
    const ByteBuffer bytes = from_hex("01 02 03");
    wire::Reader in(bytes.bytes());
    CHECK(in.i32() == 0);
    CHECK(in.i8() == 0);
    CHECK(in.bytes(1).empty());
    CHECK_FALSE(in.varint_bytes());
    CHECK_FALSE(in.ok());
}

TEST_CASE("varints without zigzag are read up to 32 bits, and no further") {
    const ByteBuffer bytes = from_hex("00  7f  80 01  ff ff ff ff 0f  ff ff ff ff 10");
    wire::Reader in(bytes.bytes());
    CHECK(in.unsigned_varint() == 0);
    CHECK(in.unsigned_varint() == 127);
    CHECK(in.unsigned_varint() == 128);
    CHECK(in.unsigned_varint() == 4294967295U);
    CHECK(in.ok());
    in.unsigned_varint();
    CHECK_FALSE(in.ok());
    for (const char* const bad : {"80", "80 80 80 80 80 00", ""}) {
        const ByteBuffer cut = from_hex(bad);
        wire::Reader liar(cut.bytes());
        liar.unsigned_varint();
        CHECK_FALSE(liar.ok());
    }
}

TEST_CASE("varints without zigzag are written as they are read, and measured") {
    ByteBuffer out;
    wire::Writer writer(out);
    std::size_t size = 0;
    for (const std::uint32_t value : {0U, 127U, 128U, 16383U, 16384U, 4294967295U}) {
        writer.unsigned_varint(value);
        size += wire::unsigned_varint_bytes(value);
        CHECK(out.size() == size);
    }
    CHECK(out.text() == from_hex("00 7f 80 01 ff 7f 80 80 01 ff ff ff ff 0f").text());
}
