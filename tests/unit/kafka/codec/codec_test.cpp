// SPDX-License-Identifier: Apache-2.0
#include "kafka/codec/codec.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "support/hex.hpp"
#include "unit/kafka/codec/damage.hpp"

using namespace kseg;
using codec::Codec;
using codec::CompressOptions;
using codec::SnappyFraming;
using test::unpack;

namespace {

constexpr std::array kCodecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

std::uint32_t be32(Bytes in, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value = value << 8 | to_u8(in[at + i]);
    }
    return value;
}

/// What follows the 61-byte headers of the batches of a segment: base_offset 8, batch_length 4 (of what follows), ...
std::vector<Bytes> batch_bodies(const ByteBuffer& log) {
    std::vector<Bytes> bodies;
    for (Bytes rest = log.bytes(); rest.size() > 61;) {
        const std::size_t batch_bytes = 12 + be32(rest, 8);
        bodies.push_back(rest.subspan(61, batch_bytes - 61));
        rest = rest.subspan(batch_bytes);
    }
    return bodies;
}

/// Bytes that compress a little, the same in every run.
std::string sample(std::size_t size) {
    std::mt19937 random(7);
    std::string text;
    while (text.size() < size) {
        text += "key-" + std::to_string(random() % 1000) + ": " + std::to_string(random()) + "\n";
    }
    text.resize(size);
    return text;
}

/// Every combination of options that changes the stream.
std::vector<std::pair<Codec, CompressOptions>> all_options() {
    return {
        {Codec::none, {}},
        {Codec::gzip, {}},
        {Codec::gzip, {.level = 0}},
        {Codec::gzip, {.level = 1}},
        {Codec::gzip, {.level = 9}},
        {Codec::snappy, {.snappy = SnappyFraming::xerial}},
        {Codec::snappy, {.snappy = SnappyFraming::raw}},
        {Codec::lz4, {}},
        {Codec::lz4, {.lz4_linked_blocks = true}},
        {Codec::lz4, {.level = 9}},
        {Codec::lz4, {.level = -5, .lz4_linked_blocks = true}},
        {Codec::zstd, {}},
        {Codec::zstd, {.zstd_content_size = true}},
        {Codec::zstd, {.level = -5}},
        {Codec::zstd, {.level = 15, .zstd_content_size = true}},
    };
}

}  // namespace

TEST_CASE("codecs are named as Kafka names them") {
    CHECK(to_string(Codec::none) == "none");
    CHECK(to_string(Codec::gzip) == "gzip");
    CHECK(to_string(Codec::snappy) == "snappy");
    CHECK(to_string(Codec::lz4) == "lz4");
    CHECK(to_string(Codec::zstd) == "zstd");
    CHECK(to_string(Codec{5}) == "unknown");
}

TEST_CASE("codecs that are not assigned are unsupported") {
    for (const int number : {5, 6, 7, 255}) {
        ByteBuffer out;
        const auto codec = static_cast<Codec>(number);
        const Result<void> unpacked = codec::decompress(codec, as_bytes("x"), out);
        REQUIRE(!unpacked);
        CHECK(unpacked.error().code == Errc::unsupported);
        const Result<void> packed = codec::compress(codec, as_bytes("x"), out);
        REQUIRE(!packed);
        CHECK(packed.error().code == Errc::unsupported);
        CHECK(out.empty());
        CHECK(!codec::has_content_checksum(codec, as_bytes("x")));
    }
}

TEST_CASE("the batches that Kafka compressed hold what it wrote without compression") {
    // The corpus has the same records in the same batches under each codec.
    const ByteBuffer plain_log = test::read_data("corpus/v2-none/00000000000000000000.log");
    const std::vector<Bytes> plain = batch_bodies(plain_log);
    REQUIRE(plain.size() == 11);
    ByteBuffer scratch;
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        const std::string name(to_string(codec));
        CAPTURE(name);
        const ByteBuffer log = test::read_data("corpus/v2-" + name + "/00000000000000000000.log");
        const std::vector<Bytes> bodies = batch_bodies(log);
        REQUIRE(bodies.size() == plain.size());
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            REQUIRE(codec::decompress(codec, bodies[i], scratch));
            CHECK(scratch.text() == as_text(plain[i]));
            CHECK(codec::has_content_checksum(codec, bodies[i]) == (codec == Codec::gzip));
        }
    }
}

TEST_CASE("our streams start with the bytes that Kafka's start with") {
    // Up to the first byte that depends on the content.
    const std::array<std::pair<Codec, std::size_t>, 4> lengths = {
        {{Codec::gzip, 10}, {Codec::snappy, 16}, {Codec::lz4, 7}, {Codec::zstd, 6}}};
    for (const auto& [codec, length] : lengths) {
        const std::string name(to_string(codec));
        CAPTURE(name);
        const ByteBuffer log = test::read_data("corpus/v2-" + name + "/00000000000000000000.log");
        const Bytes theirs = batch_bodies(log).front();
        ByteBuffer content;
        REQUIRE(codec::decompress(codec, theirs, content));
        ByteBuffer ours;
        REQUIRE(codec::compress(codec, content.bytes(), ours));
        CHECK(as_text(ours.bytes().first(length)) == as_text(theirs.first(length)));
        CHECK(unpack(codec, ours.bytes()) == content.text());
        if (codec == Codec::zstd) {  // an empty last block
            CHECK(as_text(ours.bytes().last(3)) == as_text(theirs.last(3)));
        }
    }
}

TEST_CASE("the wrapped message sets of magic 0 and 1 decompress") {
    // Message: offset 8, size 4, crc 4, magic, attributes, [timestamp 8 in magic 1], key length 4 (-1), value length 4,
    // value.
    struct Case {
        const char* folder;
        Codec codec;
        std::size_t length_at;
    };
    for (const Case& c : {Case{"v0-gzip", Codec::gzip, 22}, Case{"v0-lz4", Codec::lz4, 22}, Case{"v1-lz4", Codec::lz4, 30},
                          Case{"v1-snappy", Codec::snappy, 30}}) {
        CAPTURE(c.folder);
        const ByteBuffer log = test::read_data(std::string("corpus/") + c.folder + "/00000000000000000020.log");
        REQUIRE((to_u8(log.bytes()[17]) & 7) == static_cast<unsigned>(c.codec));
        const Bytes value = log.bytes().subspan(c.length_at + 4, be32(log.bytes(), c.length_at));
        ByteBuffer out;
        REQUIRE(codec::decompress(c.codec, value, out, {.lz4_header = codec::Lz4HeaderChecksum::any}));
        // A message set again: the second message starts where the size of the first one says.
        const std::size_t first_bytes = 12 + be32(out.bytes(), 8);
        REQUIRE(out.size() > first_bytes + 17);
        CHECK(out.bytes()[16] == log.bytes()[16]);
        CHECK(out.bytes()[first_bytes + 16] == log.bytes()[16]);
        // Kafka's magic 0 writer is the one with the other header checksum.
        const bool standard = codec::decompress(c.codec, value, out).has_value();
        CHECK(standard == (std::string_view(c.folder) != "v0-lz4"));
    }
}

TEST_CASE("what is compressed comes back, in every size and with every option") {
    for (const std::size_t size : {0UL, 1UL, 65535UL, 65536UL, 65537UL, 1UL << 20}) {
        for (const std::string& content : {sample(size), std::string(size, '\0')}) {
            for (const auto& [codec, options] : all_options()) {
                CAPTURE(size);
                const std::string_view name = to_string(codec);
                CAPTURE(name);
                ByteBuffer stream(as_bytes("before"));
                REQUIRE(codec::compress(codec, as_bytes(content), stream, options));
                CHECK(stream.text().starts_with("before"));
                const Bytes appended = stream.bytes().subspan(6);
                CHECK(unpack(codec, appended, {.limit_bytes = size}) == content);
                // Again, with the library's state used by other calls in between: the same bytes.
                ByteBuffer again;
                REQUIRE(codec::compress(codec, as_bytes(content), again, options));
                CHECK(again.text() == as_text(appended));
            }
        }
    }
}

TEST_CASE("a level outside the codec's scale is invalid") {
    for (const auto& [codec, level] :
         {std::pair{Codec::gzip, 10}, std::pair{Codec::gzip, -2}, std::pair{Codec::lz4, 13}, std::pair{Codec::zstd, 23}}) {
        ByteBuffer out;
        const Result<void> done = codec::compress(codec, as_bytes("x"), out, {.level = level});
        REQUIRE(!done);
        CHECK(done.error().code == Errc::invalid);
        CHECK(out.empty());
    }
}

TEST_CASE("no bytes are no stream") {
    for (const Codec codec : kCodecs) {
        ByteBuffer out(as_bytes("old"));
        const Result<void> done = codec::decompress(codec, {}, out);
        CHECK(out.empty());
        if (codec == Codec::none) {
            CHECK(done);
        } else {
            REQUIRE(!done);
            CHECK(done.error().code == Errc::truncated);
        }
    }
}

TEST_CASE("the scratch buffer keeps its room") {
    const std::string large = sample(1 << 20);
    for (const Codec codec : kCodecs) {
        const std::string_view name = to_string(codec);
        CAPTURE(name);
        ByteBuffer large_stream;
        ByteBuffer small_stream;
        REQUIRE(codec::compress(codec, as_bytes(large), large_stream));
        REQUIRE(codec::compress(codec, as_bytes("small"), small_stream));
        ByteBuffer out;
        REQUIRE(codec::decompress(codec, large_stream.bytes(), out));
        const std::size_t capacity = out.capacity();
        const std::byte* const data = out.data();
        REQUIRE(codec::decompress(codec, small_stream.bytes(), out));
        CHECK(out.text() == "small");
        REQUIRE(codec::decompress(codec, large_stream.bytes(), out));
        CHECK(out.text() == large);
        CHECK(out.capacity() == capacity);
        CHECK(out.data() == data);
    }
}

TEST_CASE("a bomb stops at the limit") {
    constexpr std::size_t kLimit = 1 << 20;
    constexpr std::size_t kBlock = 64 * 1024;
    const std::string zeros(64 << 20, '\0');
    for (const auto& [codec, options] : all_options()) {
        const std::string_view name = to_string(codec);
        CAPTURE(name);
        ByteBuffer bomb;
        REQUIRE(codec::compress(codec, as_bytes(zeros), bomb, options));
        ByteBuffer out;
        const Result<void> done = codec::decompress(codec, bomb.bytes(), out, {.limit_bytes = kLimit});
        REQUIRE(!done);
        CHECK(done.error().code == Errc::too_large);
        CHECK(out.size() <= kLimit);
        CHECK(out.capacity() <= kLimit + kBlock);
        CHECK(zeros.starts_with(out.text()));
    }
}

TEST_CASE("a limit of nothing lets nothing out") {
    for (const Codec codec : kCodecs) {
        const std::string_view name = to_string(codec);
        CAPTURE(name);
        ByteBuffer stream;
        REQUIRE(codec::compress(codec, as_bytes("x"), stream));
        ByteBuffer out;
        const Result<void> done = codec::decompress(codec, stream.bytes(), out, {.limit_bytes = 0});
        REQUIRE(!done);
        CHECK(done.error().code == Errc::too_large);
        CHECK(out.empty());
        stream.clear();
        REQUIRE(codec::compress(codec, {}, stream));
        CHECK(codec::decompress(codec, stream.bytes(), out, {.limit_bytes = 0}));
    }
}
