// SPDX-License-Identifier: Apache-2.0
#include "archive/table.hpp"

#include <doctest/doctest.h>

#include "archive/container.hpp"
#include "base/crc.hpp"
#include "memory.hpp"
#include "support/hex.hpp"

using namespace kseg;
using archive::Format;
using archive::Table;

namespace {

// Two members and two chunks, by hand after man/kseg-archive.5, TABLE.
constexpr const char* kTable =
    "00 00 00 02  00 00 00 02"  // members, chunks
    "00 01 61     00 00 00 00 00 00 02 00  00 00 00 00 00 00 00 05  11 22 33 44"
    "00 03 62 2f 63  00 00 00 00 00 00 06 00  00 00 00 00 00 00 02 00  55 66 77 88"
    "00 00 00 64  00 00 06 00  aa aa aa aa"  // 100 bytes for 1536
    "00 00 00 c8  00 00 06 00  bb bb bb bb";

Table table() {
    Table made;
    made.members.push_back({.name = "a", .position = 512, .size = 5, .crc32c = 0x11223344});
    made.members.push_back({.name = "b/c", .position = 1536, .size = 512, .crc32c = 0x55667788});
    made.add_chunk(100, 1536, 0xaaaaaaaa);
    made.add_chunk(200, 1536, 0xbbbbbbbb);
    return made;
}

Result<std::optional<archive::FoundTable>> find(const std::string& bytes) {
    return archive::find_table(test::MemoryFile(bytes), bytes.size());
}

/// A file of nothing but zeros, where the chunks would be, and a tail around any bytes as table.
std::string file_with(const ByteBuffer& table, std::uint64_t chunk_bytes) {
    // The framing of a gzip tail with one piece: only what the test is about differs from a good one.
    const ByteBuffer footer = archive::encode_footer({.table_offset = chunk_bytes,
                                                      .table_bytes = static_cast<std::uint32_t>(table.size()),
                                                      .table_crc32c = crc32c(table.bytes())});
    std::string file(static_cast<std::size_t>(chunk_bytes), '\0');
    for (const auto& [kind, piece] : {std::pair('T', table.text()), std::pair('F', footer.text())}) {
        const auto le = [](std::size_t n) { return std::string{static_cast<char>(n & 255), static_cast<char>(n >> 8)}; };
        file += std::string("\x1f\x8b\x08\x04\0\0\0\0\0\xff", 10) + le(piece.size() + 4) + "K" + kind + le(piece.size());
        file += piece;
        file += std::string("\x03\0\0\0\0\0\0\0\0\0", 10);
    }
    return file;
}

}  // namespace

TEST_CASE("a table is the bytes that the manual has") {
    CHECK(archive::encode_table(table()).text() == test::from_hex(kTable).text());
    const auto read = archive::decode_table(test::from_hex(kTable).bytes());
    REQUIRE(read);
    REQUIRE(read->members.size() == 2);
    CHECK(read->members[1].name == "b/c");
    CHECK(read->members[1].position == 1536);
    CHECK(read->members[1].size == 512);
    CHECK(read->members[1].crc32c == 0x55667788);
    REQUIRE(read->chunks.size() == 2);
    CHECK(read->chunks[1].offset == 100);
    CHECK(read->chunks[1].position == 1536);
    CHECK(read->chunks[1].compressed == 200);
    CHECK(read->stream_bytes() == 3072);
    CHECK(read->compressed_bytes() == 300);
}

TEST_CASE("a footer is the bytes that the manual has") {
    // CRC-32C of the 28 bytes before it, by a bitwise implementation in another language.
    const ByteBuffer expected = test::from_hex(
        "6b 73 65 67 61 72 63 68  00 01 00 00  00 00 00 00 00 00 01 2c  00 00 00 56  01 02 03 04  59 a8 8d 33");
    const ByteBuffer made = archive::encode_footer({.table_offset = 300, .table_bytes = 86, .table_crc32c = 0x01020304});
    CHECK(made.text() == expected.text());
    const auto read = archive::decode_footer(expected.bytes());
    REQUIRE(read);
    REQUIRE(*read);
    CHECK((*read)->table_offset == 300);
    CHECK((*read)->table_bytes == 86);
    CHECK((*read)->table_crc32c == 0x01020304);
}

TEST_CASE("a footer of another version is known for one, and any other change is not taken") {
    ByteBuffer footer = archive::encode_footer({.table_offset = 300, .table_bytes = 86, .table_crc32c = 1});
    for (std::size_t i = 0; i < footer.size(); ++i) {
        ByteBuffer changed(footer.bytes());
        changed.data()[i] ^= std::byte{4};
        const auto read = archive::decode_footer(changed.bytes());
        CHECK((i < 8 ? read && !*read : !read && read.error().code == Errc::corrupt));
    }
    ByteBuffer next(footer.bytes().first(28));
    next.data()[9] = std::byte{2};
    const std::uint32_t crc = crc32c(next.bytes());
    for (int shift = 24; shift >= 0; shift -= 8) {
        next.push_back(static_cast<std::byte>(crc >> shift));
    }
    CHECK(archive::decode_footer(next.bytes()).error().code == Errc::unsupported);
}

TEST_CASE("the tail of either format is found again, with a table of any size") {
    for (const Format format : {Format::tar_gz, Format::tar_zst}) {
        for (const std::size_t chunks : std::vector<std::size_t>{1, 5460, 5461, 5462, 11000}) {  // 65531 bytes are a piece
            Table big;
            big.members.push_back({.name = "a", .position = 512, .size = 5, .crc32c = 1});
            for (std::size_t i = 0; i < chunks; ++i) {
                big.add_chunk(10, 1000, static_cast<std::uint32_t>(i));
            }
            std::string file(10 * chunks, 'x');
            file += archive::encode_tail(format, big).text();
            const auto found = find(file);
            REQUIRE(found);
            REQUIRE(*found);
            CHECK((*found)->format == format);
            CHECK((*found)->table.chunks.size() == chunks);
            CHECK((*found)->table.chunks.back().crc32c == chunks - 1);
        }
    }
}

TEST_CASE("files that are no archives of ours have no table") {
    for (const std::string& bytes :
         {std::string(), std::string("x"), std::string(10000, '\0'), test::sample(5000, 1),
          std::string("\xb1\xea\x92\x8f", 4), std::string(100, 'x') + std::string("\xff\xff\xff\xff\0\xb1\xea\x92\x8f", 9),
          std::string(100, 'x') + std::string("\x01\0\0\0\0\xb1\xea\x92\x8f", 9)}) {
        const auto found = find(bytes);
        REQUIRE(found);
        CHECK_FALSE(*found);
    }
}

TEST_CASE("a table that lies is refused, whatever its checksum says") {
    const ByteBuffer good = test::from_hex(kTable);
    REQUIRE(find(file_with(good, 300)));
    REQUIRE(*find(file_with(good, 300)));
    struct Lie {
        const char* what;
        std::size_t at;
        const char* bytes;
    };
    const Lie lies[] = {
        {"more members than there is room for", 0, "00 ff ff ff"},
        {"most members", 0, "ff ff ff ff"},
        {"one member less", 0, "00 00 00 01"},
        {"one chunk more", 4, "00 00 00 03"},
        {"most chunks", 4, "ff ff ff ff"},
        {"no chunks", 4, "00 00 00 00"},
        {"a name that is longer than the table", 8, "ff ff"},
        {"an empty name", 8, "00 00"},
        {"a name that leads out", 10, "2f"},
        {"a name with a control character", 10, "07"},
        {"a position behind the stream", 11, "00 00 00 00 00 00 0d 00"},
        {"a position near 2^64", 11, "ff ff ff ff ff ff ff ff"},
        {"a size near 2^64", 19, "ff ff ff ff ff ff ff ff"},
        {"a size near 2^63", 19, "7f ff ff ff ff ff ff ff"},
        {"a size into the next member", 19, "00 00 00 00 00 00 04 01"},
        {"a last member that ends behind the stream", 44, "00 00 00 00 00 00 06 01"},
        {"a chunk without bytes", 56, "00 00 00 00"},
        {"a chunk without content", 60, "00 00 00 00"},
        {"a chunk that is too large", 60, "00 20 00 01"},
        {"a chunk of the largest size", 60, "ff ff ff ff"},
        {"chunks that end before the table", 68, "00 00 00 c7"},
        {"chunks that end behind the table", 68, "00 00 00 c9"},
    };
    for (const Lie& lie : lies) {
        CAPTURE(lie.what);
        ByteBuffer changed(good.bytes());
        const ByteBuffer bytes = test::from_hex(lie.bytes);
        std::copy_n(bytes.data(), bytes.size(), changed.data() + lie.at);
        const auto found = find(file_with(changed, 300));
        REQUIRE_FALSE(found);
        CHECK(found.error().code == Errc::corrupt);
        CHECK(found.error().at == 300);
    }
    Table twice = table();
    twice.members[1].name = "a";
    CHECK(find(file_with(archive::encode_table(twice), 300)).error().what.find("two members \"a\"") != std::string::npos);
}
