// SPDX-License-Identifier: Apache-2.0
#include "archive/writer.hpp"

#include <doctest/doctest.h>

#include "base/crc.hpp"
#include "memory.hpp"

using namespace kseg;
using archive::ArchiveWriter;

namespace {

const test::MemoryFile& file() {
    static const test::MemoryFile one("content");
    return one;
}

}  // namespace

TEST_CASE("what cannot be a member is refused, and then nothing goes on") {
    const auto refused = [](std::string_view name, const archive::AddOptions& options = {}) {
        test::MemorySink sink;
        const auto writer = *ArchiveWriter::begin(sink, {});
        REQUIRE(writer->add("first", file()));
        const auto added = writer->add(name, file(), options);
        CHECK(writer->finish().error().code == Errc::invalid);
        CHECK_FALSE(writer->add("other", file()));
        return !added && added.error().code == Errc::invalid;
    };
    CHECK(refused("first"));
    CHECK(refused("../a"));
    CHECK(refused("/a"));
    CHECK(refused(""));
    CHECK(refused("a", {.chunk_bytes = 0}));
    CHECK(refused("a", {.chunk_bytes = 511}));
    CHECK(refused("a", {.chunk_bytes = (std::size_t{1} << 20) + 1}));
}

TEST_CASE("a level outside the scale is refused") {
    test::MemorySink sink;
    CHECK(ArchiveWriter::begin(sink, {.level = 13}).error().code == Errc::invalid);
    CHECK(ArchiveWriter::begin(sink, {.level = 0}).error().code == Errc::invalid);
    CHECK(ArchiveWriter::begin(sink, {.format = archive::Format::tar_zst, .level = 13}));
    CHECK(sink.bytes.empty());
}

TEST_CASE("finish says how much was written and its checksum, and can be called once") {
    test::MemorySink sink;
    const auto writer = *ArchiveWriter::begin(sink, {.jobs = 2});
    REQUIRE(writer->add("a", test::MemoryFile(test::sample(100'000, 1)), {.chunk_bytes = 1024}));
    const auto written = writer->finish();
    REQUIRE(written);
    CHECK(written->bytes == sink.bytes.size());
    CHECK(written->crc32c == crc32c(as_bytes(sink.bytes)));
    CHECK_FALSE(writer->finish());
    CHECK_FALSE(writer->add("b", file()));
}

TEST_CASE("a file that becomes shorter, or cannot be read, ends it") {
    test::MemoryFile shorter("abc");
    shorter.claimed = 100'000;
    test::MemoryFile broken(test::sample(100'000, 1));
    broken.fail_from = 50'000;
    for (const unsigned jobs : {0U, 2U}) {
        test::MemorySink sink;
        auto writer = *ArchiveWriter::begin(sink, {.jobs = jobs});
        CHECK(writer->add("a", shorter).error().code == Errc::truncated);
        CHECK_FALSE(writer->finish());
        writer = *ArchiveWriter::begin(sink, {.jobs = jobs});
        CHECK(writer->add("a", broken, {.chunk_bytes = 4096}).error().code == Errc::io);
        CHECK_FALSE(writer->finish());
    }
}

TEST_CASE("a sink that is full ends it, at whatever write") {
    const std::string whole = test::packed({{"a", test::sample(60'000, 1), {.chunk_bytes = 4096}}, {"b", "x"}});
    for (std::size_t room = 0; room < whole.size(); room += 97) {
        for (const unsigned jobs : {0U, 2U}) {
            test::MemorySink sink;
            sink.room = room;
            const auto writer = *ArchiveWriter::begin(sink, {.jobs = jobs});
            const auto a = writer->add("a", test::MemoryFile(test::sample(60'000, 1)), {.chunk_bytes = 4096});
            const auto b = writer->add("b", test::MemoryFile("x"));
            const auto done = writer->finish();
            REQUIRE_FALSE(done);
            CHECK(done.error().code == Errc::io);
            CHECK((a || a.error().code == Errc::io));
            CHECK((b || b.error().code == Errc::io));
        }
    }
}

TEST_CASE("a member that is too large for any table is refused before it is read") {
    test::MemoryFile large("x");
    large.claimed = std::uint64_t{1} << 61;
    test::MemorySink sink;
    CHECK((*ArchiveWriter::begin(sink, {}))->add("a", large).error().code == Errc::too_large);
    large.claimed = std::uint64_t{1} << 45;
    CHECK((*ArchiveWriter::begin(sink, {}))->add("a", large).error().code == Errc::too_large);
}

TEST_CASE("content in memory makes the same archive as content in a file") {
    const std::string content = test::sample(10'000, 1);
    test::MemorySink sink;
    const auto writer = *ArchiveWriter::begin(sink, {});
    REQUIRE(writer->add("a", as_bytes(content), {.chunk_bytes = 1000}));
    REQUIRE(writer->add("b", Bytes{}));
    REQUIRE(writer->finish());
    CHECK(sink.bytes == test::packed({{"a", content, {.chunk_bytes = 1000}}, {"b", ""}}));
}
