// SPDX-License-Identifier: Apache-2.0
#include "kafka/codec/chunk.hpp"

#include <doctest/doctest.h>

#include <string>

#include "kafka/codec/codec.hpp"
#include "kafka/codec/stream.hpp"
#include "kafka/codec/xxh64.hpp"
#include "support/hex.hpp"

using namespace kseg;
using codec::ChunkCodec;

namespace {

std::string text(std::size_t size) {
    std::string all;
    for (std::uint32_t x = 1; all.size() < size; x = x * 1664525 + 1013904223) {
        all += std::to_string(x >> 12) + ",";
    }
    all.resize(size);
    return all;
}

ByteBuffer compressed(ChunkCodec codec, std::string_view content, std::optional<int> level) {
    ByteBuffer out;
    REQUIRE(codec::compress_chunk(codec, as_bytes(content), level, out));
    return out;
}

Result<std::string> decompressed(ChunkCodec codec, Bytes in, std::size_t size) {
    std::string out(size, '\0');
    const auto done = codec::decompress_chunk(codec, in, std::as_writable_bytes(std::span(out)));
    if (!done) {
        return done.error();
    }
    return out;
}

/// Decompresses a stream with little room at a time.
Result<std::string> streamed(codec::Codec codec, Bytes in, std::size_t in_step, std::size_t out_step) {
    const auto stream = *codec::open_stream(codec);
    std::string all;
    std::string part(out_step, '\0');
    while (!in.empty()) {
        const auto step = stream->step(in.first(std::min(in_step, in.size())), std::as_writable_bytes(std::span(part)));
        if (!step) {
            return step.error();
        }
        REQUIRE((step->used != 0 || step->made != 0));
        in = in.subspan(step->used);
        all.append(part, 0, step->made);
    }
    if (!stream->may_end()) {
        return Error{.code = Errc::truncated, .what = "early"};
    }
    return all;
}

}  // namespace

TEST_CASE("xxh64 of known inputs") {
    // Values of the reference implementation, xxhsum -H1.
    CHECK(codec::xxh64(as_bytes("")) == 0xef46db3751d8e999);
    CHECK(codec::xxh64(as_bytes("a")) == 0xd24ec4f1a98c6e5b);
    CHECK(codec::xxh64(as_bytes("abc")) == 0x44bc2cf5ad770999);
    CHECK(codec::xxh64(as_bytes("Nobody inspects the spammish repetition")) == 0xfbcea83c8a378bf1);
}

TEST_CASE("xxh64 is what zstd puts behind a frame, for every length") {
    const std::string content = text(300);
    for (std::size_t size = 0; size <= content.size(); ++size) {
        const std::string_view part = std::string_view(content).substr(0, size);
        const ByteBuffer frame = compressed(ChunkCodec::zstd, part, 3);
        std::uint32_t stored = 0;
        for (std::size_t i = 4; i-- > 0;) {
            stored = stored << 8 | to_u8(frame.bytes()[frame.size() - 4 + i]);
        }
        CHECK(stored == static_cast<std::uint32_t>(codec::xxh64(as_bytes(part))));
    }
}

TEST_CASE("a stored gzip chunk is the bytes that RFC 1951 and RFC 1952 say") {
    const ByteBuffer member = compressed(ChunkCodec::gzip, "hello", std::nullopt);
    const ByteBuffer expected = test::from_hex(
        "1f 8b 08 00 00 00 00 00 04 ff"  // no flags, no time, fast, system unknown
        "01 05 00 fa ff 68 65 6c 6c 6f"  // last block, stored, length and its complement
        "86 a6 10 36 05 00 00 00");      // CRC-32 and length
    CHECK(member.text() == expected.text());
}

TEST_CASE("a stored zstd chunk is the bytes that RFC 8878 says") {
    const ByteBuffer frame = compressed(ChunkCodec::zstd, "hello", std::nullopt);
    // xxh64("hello") = 0x26c7827d889f6da3
    const ByteBuffer expected = test::from_hex(
        "28 b5 2f fd a4 05 00 00 00"  // magic, size in 4 bytes, single segment, checksum; size
        "29 00 00 68 65 6c 6c 6f"     // last block, raw, 5 bytes
        "a3 6d 9f 88");
    CHECK(frame.text() == expected.text());
}

TEST_CASE("other readers of the library read chunks, stored and compressed, of every size around block borders") {
    const std::string all = text(std::size_t{300} << 10);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65535}, std::size_t{65536},
                                   std::size_t{131071}, std::size_t{131072}, std::size_t{131073}, all.size()}) {
        const std::string_view content = std::string_view(all).substr(0, size);
        for (const std::optional<int> level :
             {std::optional<int>(), std::optional(1), std::optional(5), std::optional(12)}) {
            for (const ChunkCodec chunk : {ChunkCodec::gzip, ChunkCodec::zstd}) {
                const ByteBuffer packed = compressed(chunk, content, level);
                if (!level) {
                    CHECK(packed.size() >= size);
                }
                ByteBuffer out;
                const auto codec = chunk == ChunkCodec::gzip ? codec::Codec::gzip : codec::Codec::zstd;
                REQUIRE(codec::decompress(codec, packed.bytes(), out));
                CHECK(out.text() == content);
                CHECK(codec::has_content_checksum(codec, packed.bytes()));
                const auto again = decompressed(chunk, packed.bytes(), size);
                REQUIRE(again);
                CHECK(*again == content);
            }
        }
    }
}

TEST_CASE("a chunk of another size than expected, or with bytes around it, is refused") {
    const std::string content = text(5000);
    for (const ChunkCodec chunk : {ChunkCodec::gzip, ChunkCodec::zstd}) {
        const ByteBuffer packed = compressed(chunk, content, 5);
        for (const std::size_t size : {std::size_t{0}, content.size() - 1, content.size() + 1}) {
            const auto out = decompressed(chunk, packed.bytes(), size);
            REQUIRE_FALSE(out);
            CHECK(out.error().code == Errc::corrupt);
        }
        ByteBuffer longer(packed.bytes());
        longer.push_back('\0');
        CHECK_FALSE(decompressed(chunk, longer.bytes(), content.size()));
        ByteBuffer twice(packed.bytes());
        twice.append(packed.bytes());
        CHECK_FALSE(decompressed(chunk, twice.bytes(), content.size()));
        CHECK_FALSE(decompressed(chunk, twice.bytes(), 2 * content.size()));
        for (std::size_t size = 0; size < packed.size(); ++size) {
            CHECK_FALSE(decompressed(chunk, packed.bytes().first(size), content.size()));
        }
        const ByteBuffer skippable = test::from_hex("50 2a 4d 18 00 00 00 00");
        CHECK_FALSE(decompressed(chunk, skippable.bytes(), 0));
    }
}

TEST_CASE("levels outside the scale are refused") {
    CHECK(codec::check_chunk_level(ChunkCodec::gzip, 1));
    CHECK(codec::check_chunk_level(ChunkCodec::gzip, 12));
    CHECK(codec::check_chunk_level(ChunkCodec::zstd, -5));
    CHECK(codec::check_chunk_level(ChunkCodec::zstd, 22));
    for (const int level : {0, -1, 13}) {
        CHECK(codec::check_chunk_level(ChunkCodec::gzip, level).error().code == Errc::invalid);
    }
    for (const int level : {0, 23}) {
        CHECK(codec::check_chunk_level(ChunkCodec::zstd, level).error().code == Errc::invalid);
    }
}

TEST_CASE("a stream of several members or frames comes out whole, however small the steps") {
    const std::string content = text(3000);
    const std::string more = text(700);
    for (const ChunkCodec chunk : {ChunkCodec::gzip, ChunkCodec::zstd}) {
        const auto codec = chunk == ChunkCodec::gzip ? codec::Codec::gzip : codec::Codec::zstd;
        ByteBuffer all = compressed(chunk, content, 5);
        const std::size_t first = all.size();
        all.append(compressed(chunk, "", 5).bytes());
        all.append(compressed(chunk, more, std::nullopt).bytes());
        for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
            const auto out = streamed(codec, all.bytes(), step, step);
            REQUIRE(out);
            CHECK(*out == content + more);
        }
        for (std::size_t size = 1; size < first; ++size) {
            CHECK(streamed(codec, all.bytes().first(size), 4000, 4000).error().code == Errc::truncated);
        }
        ByteBuffer damaged(all.bytes().first(first));
        damaged.data()[first - 3] ^= std::byte{1};  // in the checksum, or the length of gzip
        CHECK(streamed(codec, damaged.bytes(), 4000, 4000).error().code == Errc::corrupt);
    }
}

TEST_CASE("zeros behind gzip members are passed over, other bytes are not") {
    ByteBuffer all = compressed(ChunkCodec::gzip, "x", 5);
    const std::size_t size = all.size();
    all.append(as_bytes(std::string_view("\0\0\0", 3)));
    CHECK(*streamed(codec::Codec::gzip, all.bytes(), 2, 100) == "x");
    all.push_back('x');
    CHECK(streamed(codec::Codec::gzip, all.bytes(), 2, 100).error().code == Errc::corrupt);
    all.resize(size);
    all.push_back('x');
    CHECK(streamed(codec::Codec::gzip, all.bytes(), 2, 100).error().code == Errc::corrupt);
}
