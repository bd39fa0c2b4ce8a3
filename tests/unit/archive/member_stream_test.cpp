// SPDX-License-Identifier: Apache-2.0
#include "archive/member_stream.hpp"

#include <doctest/doctest.h>

#include "archive/container.hpp"
#include "memory.hpp"
#include "support/hex.hpp"

using namespace kseg;
using archive::Format;
using archive::MemberStream;

namespace {

constexpr std::size_t kChunk = 1000;
constexpr std::size_t kSize = 10 * kChunk + 123;

/// An archive whose member "log" is in chunks of kChunk bytes; those that are named are damaged.
archive::Archive damaged(Format format, const std::vector<std::size_t>& chunks) {
    std::string bytes =
        test::packed({{"log", test::sample(kSize, 3), {.chunk_bytes = kChunk}}, {"last", "x", {}}}, {.format = format});
    const auto table = archive::find_table(test::MemoryFile(bytes), bytes.size());
    for (const std::size_t number : chunks) {
        const archive::ChunkRow& row = (*table)->table.chunks.at(number);
        bytes[row.offset + row.compressed / 2] ^= '\x10';
    }
    return *test::open(std::move(bytes));
}

/// What the stream gives until it ends, in reads of so many bytes.
std::string drain(MemberStream& stream, std::size_t step) {
    std::string all;
    std::vector<std::byte> piece(step);
    for (;;) {
        const auto got = stream.read(piece);
        REQUIRE(got);
        if (*got == 0) {
            return all;
        }
        all += as_text(Bytes(piece).first(*got));
    }
}

std::unique_ptr<MemberStream> open(const archive::Archive& archive, std::uint64_t start = 0) {
    auto stream = MemberStream::open(archive, "log", start);
    REQUIRE(stream);
    return *std::move(stream);
}

}  // namespace

TEST_CASE("a stream of a member that is whole gives it from any byte") {
    const std::string log = test::sample(kSize, 3);
    const archive::Archive archive = damaged(Format::tar_gz, {});
    for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{999}, std::uint64_t{kSize}}) {
        const auto stream = open(archive, start);
        CHECK(drain(*stream, 700) == log.substr(start));
        CHECK_FALSE(stream->damage());
        CHECK_FALSE(stream->pass_damage());
    }
    CHECK(MemberStream::open(archive, "none", 0).error().code == Errc::invalid);
}

TEST_CASE("a stream ends before the chunk that is damaged and goes on behind it") {
    const std::string log = test::sample(kSize, 3);
    for (const Format format : {Format::tar_gz, Format::tar_zst}) {
        const archive::Archive archive = damaged(format, {2, 5, 6});
        for (const std::size_t step : {std::size_t{1}, std::size_t{kChunk}, std::size_t{64} << 10}) {
            const auto stream = open(archive);
            CHECK(drain(*stream, step) == log.substr(0, 2 * kChunk));
            REQUIRE(stream->damage());
            CHECK(stream->damage()->code == Errc::corrupt);
            CHECK(stream->damage()->file == "t.tar.gz");
            CHECK(stream->damage()->what.starts_with("log: "));
            REQUIRE(stream->pass_damage() == 3 * kChunk);
            CHECK_FALSE(stream->damage());
            std::byte first{};
            CHECK(stream->peek(1, {&first, 1}) == 1);
            CHECK(std::to_integer<char>(first) == log[3 * kChunk + 1]);
            CHECK(drain(*stream, step) == log.substr(3 * kChunk, 2 * kChunk));
            REQUIRE(stream->pass_damage() == 7 * kChunk);
            CHECK(drain(*stream, step) == log.substr(7 * kChunk));
            CHECK_FALSE(stream->damage());
        }
    }
}

TEST_CASE("behind the last chunk that is damaged nothing follows") {
    const auto stream = open(damaged(Format::tar_gz, {9, 10}));
    CHECK(drain(*stream, 5000).size() == 9 * kChunk);
    CHECK_FALSE(stream->pass_damage());
}

TEST_CASE("a stream of a plain archive cannot tell what is behind damage") {
    const std::string bytes = test::packed({{"log", test::sample(kSize, 3), {}}});
    CHECK_FALSE(test::open(bytes)->chunk_end("none", 0));
    CHECK_FALSE(test::open(bytes)->chunk_end("log", kSize));
    CHECK(test::open(bytes)->chunk_end("log", kSize - 1) == kSize);
    CHECK_FALSE(test::open(std::string(test::read_data("archive/gnu.tar").text()))->chunk_end("empty", 0));
}

TEST_CASE("a stream ends when it is asked to stop") {
    bool stop = false;
    const auto stream = MemberStream::open(damaged(Format::tar_gz, {}), "log", 0, [&stop] { return stop; });
    std::byte one{};
    CHECK((*stream)->read({&one, 1}).value() == 1);
    stop = true;
    CHECK((*stream)->read({&one, 1}).error().code == Errc::cancelled);
}
