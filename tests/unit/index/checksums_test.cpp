// SPDX-License-Identifier: Apache-2.0
#include "index/checksums.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "base/crc.hpp"
#include "kafka/wire/writer.hpp"
#include "support/hex.hpp"
#include "support/memory_file.hpp"

namespace {

using namespace kseg;
using index::Checksums;
using index::FileSums;
using index::kChunkBytes;
using index::VerifiedFile;

ByteBuffer random_bytes(std::mt19937_64& random, std::size_t size) {
    ByteBuffer bytes;
    for (std::size_t i = 0; i < size; ++i) {
        bytes.push_back(static_cast<std::byte>(random()));
    }
    return bytes;
}

FileSums sums_of(Bytes bytes) {
    return *index::sum_file(*test::memory_file(bytes));
}

/// Two files: "a" of the nine bytes whose CRC-32C is e3069283 (RFC 3720 has the polynomial, this value is its usual check),
/// and "b", which is empty.
const char* const kTwoFiles =
    "4b 53 45 47 53 55 4d 53  00 00 00 01"  // KSEGSUMS, version 1
    "00 00 40 00  00 00 00 02"              // chunks of 16384 bytes, 2 files
    "00 01 61"                              // "a"
    "00 00 00 00 00 00 00 09  e3 06 92 83"  // 9 bytes, their CRC
    "00 01 62"                              // "b"
    "00 00 00 00 00 00 00 00 ";             // no bytes, no chunk

ByteBuffer two_files(const std::string& hex = kTwoFiles) {
    ByteBuffer bytes = test::from_hex(hex);
    wire::Writer(bytes).u32(crc32c(bytes.bytes()));
    return bytes;
}

std::string refusal(const std::string& hex) {
    const auto parsed = index::parse_checksums(two_files(hex).bytes(), "checksums");
    return parsed ? "" : std::string(to_string(parsed.error().code)) + ": " + parsed.error().message();
}

std::string with(std::string hex, const std::string& from, const std::string& to) {
    const auto at = hex.find(from);
    REQUIRE(at != std::string::npos);
    return hex.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("the checksums of two files are written and read") {
    const Checksums sums{{"a", {.size = 9, .chunks = {0xe3069283}}}, {"b", {}}};
    CHECK(sums_of(as_bytes("123456789")) == sums.at("a"));
    CHECK(index::write_checksums(sums).text() == two_files().text());
    const auto parsed = index::parse_checksums(two_files().bytes(), "checksums");
    REQUIRE(parsed);
    CHECK(*parsed == sums);
    CHECK(index::parse_checksums(index::write_checksums({}).bytes(), "checksums")->empty());
}

TEST_CASE("checksums are those of 16 KiB each, and joined that of the file") {
    std::mt19937_64 random(1);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1,
                                   5 * kChunkBytes, 16 * kChunkBytes, 37 * kChunkBytes + 77}) {
        CAPTURE(size);
        const ByteBuffer file = random_bytes(random, size);
        const FileSums sums = sums_of(file.bytes());
        CHECK(sums.size == size);
        REQUIRE(sums.chunks.size() == (size + kChunkBytes - 1) / kChunkBytes);
        for (std::size_t i = 0; i < sums.chunks.size(); ++i) {
            const Bytes rest = file.bytes().subspan(i * kChunkBytes);
            CHECK(sums.chunks[i] == crc32c(rest.first(std::min(rest.size(), kChunkBytes))));
        }
        CHECK(sums.crc32c() == crc32c(file.bytes()));
        index::FileSummer summer;
        for (Bytes rest = file.bytes(); !rest.empty();) {
            const Bytes piece = rest.first(std::min<std::size_t>(rest.size(), random() % 40000));
            summer.add(piece);
            rest = rest.subspan(piece.size());
        }
        CHECK(summer.sums() == sums);
        const auto parsed = index::parse_checksums(index::write_checksums({{"file", sums}}).bytes(), "checksums");
        REQUIRE(parsed);
        CHECK(parsed->at("file") == sums);
    }
}

TEST_CASE("checksums that are cut or of which a byte is changed are refused") {
    const ByteBuffer content = two_files();
    for (std::size_t at = 0; at < content.size(); ++at) {
        CAPTURE(at);
        const auto cut = index::parse_checksums(content.bytes().first(at), "checksums");
        REQUIRE_FALSE(cut);
        CHECK(cut.error().code == Errc::corrupt);
        CHECK(cut.error().file == "checksums");
        for (unsigned flip = 1; flip < 256; ++flip) {
            ByteBuffer copy(content.bytes());
            copy.data()[at] ^= static_cast<std::byte>(flip);
            REQUIRE_FALSE(index::parse_checksums(copy.bytes(), "checksums"));
        }
    }
}

TEST_CASE("checksums that make no sense are refused, their own CRC being right") {
    const std::string good = kTwoFiles;
    REQUIRE(refusal(good).empty());
    const std::string_view version = "unsupported: checksums: offset 8: checksums version ";
    CHECK(refusal(with(good, "00 00 00 01", "00 00 00 02")) == std::string(version) + "2 with chunks of 16384 bytes");
    CHECK(refusal(with(good, "00 00 40 00", "00 00 20 00")) == std::string(version) + "1 with chunks of 8192 bytes");
    const std::string_view first = "corrupt: checksums: offset 20: checksums of a file";
    const std::string_view second = "corrupt: checksums: offset 35: checksums of a file";
    CHECK(refusal(with(good, "00 00 00 02", "00 00 00 03")) == "corrupt: checksums: offset 46: checksums of a file");
    CHECK(refusal(with(good, "00 00 00 02", "ff ff ff ff")) == "corrupt: checksums: offset 46: checksums of a file");
    CHECK(refusal(with(good, "00 00 00 02", "00 00 00 01")) ==
          "corrupt: checksums: offset 35: bytes behind the last file's checksums");
    CHECK(refusal(with(good, "00 01 61", "00 00   ")) == first);
    CHECK(refusal(with(good, "00 01 61", "ff ff 61")) == first);
    CHECK(refusal(with(good, "00 01 61", "00 01 62")) == second);
    CHECK(refusal(with(good, "00 01 62", "00 01 60")) == second);
    CHECK(refusal(with(good, "00 00 00 09", "ff ff ff ff")) == first);
    CHECK(refusal(with(good, "00 00 00 00 00 00 00 09", "ff ff ff ff ff ff ff ff")) == first);
    CHECK(refusal(with(good, "00 00 00 00 00 00 00 00 ", "00 00 00 00 00 01 00 00 ")) == second);
}

TEST_CASE("a verified file reads as the file does") {
    std::mt19937_64 random(2);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunkBytes, 3 * kChunkBytes, 9 * kChunkBytes + 123}) {
        CAPTURE(size);
        const ByteBuffer content = random_bytes(random, size);
        for (const std::size_t slots : {0U, 1U, 3U, 64U}) {
            const auto file =
                VerifiedFile::open(test::memory_file(content.bytes()), sums_of(content.bytes()), "file", slots);
            REQUIRE(file);
            CHECK(*(*file)->size() == size);
            for (int i = 0; i < 300; ++i) {
                const std::uint64_t at = random() % 4 == 0 ? random() % 10 * kChunkBytes : random() % (size + 5000);
                std::vector<std::byte> into(random() % (random() % 3 == 0 ? 4 * kChunkBytes : 2000), std::byte{0xee});
                const auto got = (*file)->read_at(at, into);
                REQUIRE(got);
                REQUIRE(*got == (at >= size ? 0 : std::min<std::size_t>(into.size(), size - at)));
                REQUIRE(std::equal(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(*got),
                                   content.data() + std::min<std::uint64_t>(at, size)));
            }
            std::vector<std::byte> into(100);
            CHECK(*(*file)->read_at(~std::uint64_t{0}, into) == 0);
        }
    }
}

TEST_CASE("a read that touches a changed chunk fails, others do not") {
    std::mt19937_64 random(3);
    const std::size_t size = 6 * kChunkBytes + 1000;
    const ByteBuffer content = random_bytes(random, size);
    const FileSums sums = sums_of(content.bytes());
    for (int i = 0; i < 60; ++i) {
        ByteBuffer damaged(content.bytes());
        const std::size_t bad = i == 0 ? 0 : (i == 1 ? size - 1 : random() % size);
        damaged.data()[bad] ^= static_cast<std::byte>(1U << (random() % 8));
        const std::size_t chunk = bad / kChunkBytes;
        const auto file = VerifiedFile::open(test::memory_file(damaged.bytes()), sums, "file", 4);
        REQUIRE(file);
        for (int j = 0; j < 40; ++j) {
            const std::uint64_t at = random() % size;
            std::vector<std::byte> into(1 + random() % (random() % 2 == 0 ? 3 * kChunkBytes : 1000));
            const std::uint64_t end = std::min<std::uint64_t>(at + into.size(), size);
            const bool touches = at / kChunkBytes <= chunk && chunk <= (end - 1) / kChunkBytes;
            const auto got = (*file)->read_at(at, into);
            REQUIRE(got.has_value() != touches);
            if (touches) {
                CHECK(got.error().code == Errc::corrupt);
                CHECK(got.error().file == "file");
                CHECK(got.error().at == chunk * kChunkBytes);
            }
        }
    }
}

TEST_CASE("chunks stay in memory, as many as are asked for") {
    std::mt19937_64 random(4);
    const ByteBuffer content = random_bytes(random, 8 * kChunkBytes);
    test::ReadCounts counts;
    const auto file = VerifiedFile::open(test::memory_file(content.bytes(), &counts), sums_of(content.bytes()), "file", 2);
    std::vector<std::byte> into(100);
    const auto read = [&](std::size_t chunk) { REQUIRE((*file)->read_at(chunk * kChunkBytes + 50, into)); };
    for (int i = 0; i < 50; ++i) {
        read(2);
        read(3);
    }
    CHECK(counts.reads == 2);
    CHECK(counts.bytes == 2 * kChunkBytes);
    read(4);
    read(3);
    CHECK(counts.reads == 3);
    read(2);
    CHECK(counts.reads == 4);
    into.resize(4 * kChunkBytes);
    REQUIRE((*file)->read_at(0, into));
    CHECK(counts.reads == 5);
}

TEST_CASE("a file of another size, or that fails or shrinks, is an error that names it") {
    const std::string text(40000, 'x');
    const FileSums sums = sums_of(as_bytes(text));
    for (const std::size_t size : {0U, 39999U, 40001U}) {
        const auto file = VerifiedFile::open(test::memory_file(as_bytes(std::string(size, 'x'))), sums, "file");
        REQUIRE_FALSE(file);
        CHECK(file.error().code == Errc::corrupt);
        CHECK(file.error().file == "file");
    }
    auto shrunk = test::memory_file(as_bytes(text).first(39000));
    shrunk->says_size = 40000;
    const auto file = VerifiedFile::open(std::move(shrunk), sums, "file");
    REQUIRE(file);
    std::vector<std::byte> into(10);
    CHECK((*file)->read_at(100, into));
    const auto got = (*file)->read_at(39500, into);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::corrupt);
    CHECK(got.error().at == 39000);

    auto failing = test::memory_file(as_bytes(text));
    failing->fails_at = 20000;
    const auto other = VerifiedFile::open(std::move(failing), sums, "file");
    CHECK((*other)->read_at(100, into));
    const auto failed = (*other)->read_at(20000, into);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::io);
    CHECK(failed.error().file == "file");
    CHECK((*other)->read_at(100, into));
    failing = test::memory_file(as_bytes(text));
    failing->fails_at = 0;
    CHECK_FALSE(index::sum_file(*failing));
}
