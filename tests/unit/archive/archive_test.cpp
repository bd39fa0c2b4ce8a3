// SPDX-License-Identifier: Apache-2.0
#include "archive/archive.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>

#include "archive/container.hpp"
#include "archive/extract.hpp"
#include "base/crc.hpp"
#include "memory.hpp"
#include "support/hex.hpp"

using namespace kseg;
using archive::Format;
using test::Content;
using test::Contents;

namespace {

constexpr std::size_t kChunk = 4096;

std::vector<Content> contents() {
    return {{"manifest.json", "{}", {.chunk_bytes = kChunk}},
            {"log", test::sample(100'000, 1), {.chunk_bytes = kChunk}},
            {"stored", test::sample(30'000, 2), {.chunk_bytes = 3 * kChunk, .store = true}},
            {"empty", "", {.chunk_bytes = kChunk}},
            {"small/1", test::sample(600, 3), {.chunk_bytes = kChunk}},
            {"small/2", test::sample(700, 4), {.chunk_bytes = kChunk}},
            {"exact", test::sample(2 * kChunk, 5), {.chunk_bytes = kChunk}},
            {"last", "the end", {.chunk_bytes = kChunk}}};
}

const std::string& content_of(const std::vector<Content>& all, std::string_view name) {
    return std::find_if(all.begin(), all.end(), [name](const Content& c) { return c.name == name; })->bytes;
}

archive::Table table_of(const std::string& bytes) {
    return (*archive::find_table(test::MemoryFile(bytes), bytes.size()))->table;
}

}  // namespace

TEST_CASE("every member of either format reads back at every place") {
    const auto all = contents();
    for (const Format format : {Format::tar_gz, Format::tar_zst}) {
        const auto archive = test::open(test::packed(all, {.format = format}), {.cache_bytes = 20'000});
        REQUIRE(archive);
        REQUIRE(archive->members().size() == all.size());
        std::mt19937 random(7);  // NOLINT: the same places every time
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::string& expected = all[i].bytes;
            CHECK(archive->members()[i].name == all[i].name);
            CHECK(archive->members()[i].size == expected.size());
            CHECK(archive->members()[i].crc32c == crc32c(as_bytes(expected)));
            CHECK(test::read_member(*archive, all[i].name) == expected);
            const auto member = *archive->open_member(all[i].name);
            CHECK(*member->size() == expected.size());
            for (int round = 0; round < 200; ++round) {
                const std::size_t offset = random() % (expected.size() + 10);
                std::string got(random() % 20'000, '\0');
                const std::string wanted = offset < expected.size() ? expected.substr(offset, got.size()) : "";
                const auto count = member->read_at(offset, std::as_writable_bytes(std::span(got)));
                REQUIRE(count);
                CHECK(std::string_view(got).substr(0, *count) == wanted);
            }
        }
        CHECK(archive->kind() ==
              (format == Format::tar_gz ? archive::Kind::seekable_tar_gz : archive::Kind::seekable_tar_zst));
        CHECK(archive->open_member("lo").error().code == Errc::invalid);
        CHECK(archive->find("log") != nullptr);
        CHECK(archive->find("") == nullptr);
        CHECK(archive::verify(*archive));
        CHECK(archive::verify(*archive, 3));
    }
}

TEST_CASE("an archive without members is one") {
    for (const Format format : {Format::tar_gz, Format::tar_zst}) {
        const auto archive = test::open(test::packed({}, {.format = format}));
        REQUIRE(archive);
        CHECK(archive->members().empty());
        CHECK(archive::verify(*archive));
    }
}

TEST_CASE("a member begins a chunk or shares one, and its content is cut where its options say") {
    const auto table = table_of(test::packed(contents()));
    const auto chunk_at = [&table](std::uint64_t position) -> std::size_t {
        std::size_t i = 0;
        while (table.chunks[i].position + table.chunks[i].size <= position) {
            ++i;
        }
        return i;
    };
    // manifest.json: header 512 + content padded to 512; log then begins a chunk at 1024.
    CHECK(table.members[0].position == 512);
    CHECK(table.members[1].position == 1024 + 512);
    CHECK(table.chunks[0].size == 1024);
    for (std::size_t i = 0; i < 24; ++i) {  // 100,000 / 4096 = 24.4
        CHECK(table.chunks[1 + i].size == (i == 0 ? 512 : 0) + kChunk);
        CHECK(chunk_at(1536 + i * kChunk) == 1 + i);
    }
    // Those that are stored have chunks of their own.
    CHECK(table.chunks[chunk_at(table.members[2].position)].position + 512 == table.members[2].position);
    // 512 + 0, 512 + 1024, 512 + 1024 are within one chunk of 4096.
    CHECK(chunk_at(table.members[3].position - 1) == chunk_at(table.members[5].position));
    CHECK(chunk_at(table.members[3].position - 512) == chunk_at(table.members[3].position - 513) + 1);
    // exact: 512 + 8192 begins a chunk; last: 512 + 512 would not fit into its second one.
    CHECK(table.chunks[chunk_at(table.members[6].position)].position + 512 == table.members[6].position);
    CHECK(table.chunks[chunk_at(table.members[7].position)].position + 512 == table.members[7].position);
    CHECK(chunk_at(table.members[7].position) == table.chunks.size() - 1);
}

TEST_CASE("the same members make the same bytes, whatever the number of threads") {
    for (const Format format : {Format::tar_gz, Format::tar_zst}) {
        const std::string one = test::packed(contents(), {.format = format});
        CHECK(test::packed(contents(), {.format = format}) == one);
        CHECK(test::packed(contents(), {.format = format, .jobs = 1}) == one);
        CHECK(test::packed(contents(), {.format = format, .jobs = 4}) == one);
        CHECK(test::packed(contents(), {.format = format, .level = 9}) != one);
    }
}

TEST_CASE("opening is one read, and a range of chunks another") {
    const auto all = contents();
    const std::string bytes = test::packed(all);
    const auto file = std::make_shared<test::MemoryFile>(bytes);
    auto archive = *archive::Archive::open(file, "t", {.tail_bytes = 4000});
    CHECK(file->reads == 1);
    // What lies in the tail needs no read.
    CHECK(test::read_member(archive, "last") == "the end");
    CHECK(file->reads == 1);
    const auto log = *archive.open_member("log");
    std::string got(50'000, '\0');
    REQUIRE(log->read_at(100, std::as_writable_bytes(std::span(got))));
    CHECK(got == content_of(all, "log").substr(100, 50'000));
    CHECK(file->reads == 2);
    // The chunks at both ends are kept, those between are not.
    REQUIRE(log->read_at(50, std::as_writable_bytes(std::span(got)).first(1000)));
    REQUIRE(log->read_at(50'000, std::as_writable_bytes(std::span(got)).first(150)));
    CHECK(file->reads == 2);
    REQUIRE(log->read_at(20'000, std::as_writable_bytes(std::span(got)).first(10)));
    CHECK(file->reads == 3);
}

TEST_CASE("one read asks for no more than it may, and at least for a chunk") {
    const auto all = contents();
    const auto file = std::make_shared<test::MemoryFile>(test::packed(all));
    for (const std::size_t most : {std::size_t{1}, std::size_t{5000}}) {
        auto archive = *archive::Archive::open(file, "t", {.tail_bytes = 2000, .request_bytes = most});
        file->reads = 0;
        file->largest = 0;
        CHECK(test::read_member(archive, "log") == content_of(all, "log"));
        CHECK(file->largest <= std::max<std::size_t>(most, kChunk));
        CHECK(file->reads >= (most == 1 ? 25 : 5));
    }
}

TEST_CASE("reads that follow one another are few requests where they may fetch ahead") {
    const std::string content = test::sample(2'000'000, 1);
    const auto file = std::make_shared<test::MemoryFile>(test::packed({{"log", content, {.chunk_bytes = kChunk}}}));
    const auto scan = [&](std::size_t ahead) {
        const auto archive = *archive::Archive::open(file, "t", {.tail_bytes = 10'000, .read_ahead_bytes = ahead});
        const auto log = *archive.open_member("log");
        file->reads = 0;
        file->largest = 0;
        std::string all;
        std::string piece(10'000, '\0');
        for (;;) {
            const auto got = log->read_at(all.size(), std::as_writable_bytes(std::span(piece)));
            if (!got || *got == 0) {
                break;
            }
            all.append(piece, 0, *got);
        }
        CHECK(all == content);
        return file->reads.load();
    };
    CHECK(scan(0) >= 190);
    CHECK(scan(100'000) <= 20);
    CHECK(file->largest <= 100'000 + 10'000);
}

TEST_CASE("several threads that read on, fetching ahead, get the right bytes") {
    const auto all = contents();
    const auto archive =
        *test::open(test::packed(all), {.cache_bytes = kChunk, .tail_bytes = 100, .read_ahead_bytes = 20'000});
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            // Two of them the same member.
            const Content& content = all[t == 3 ? 1 : 1 + t];
            const auto member = *archive.open_member(content.name);
            std::string got(900, '\0');
            for (int round = 0; round < 20; ++round) {
                for (std::size_t at = 0; at < content.bytes.size(); at += got.size()) {
                    const auto count = member->read_at(at, std::as_writable_bytes(std::span(got)));
                    if (!count || got.substr(0, *count) != content.bytes.substr(at, got.size())) {
                        ++wrong;
                    }
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(wrong == 0);
}

TEST_CASE("an archive whose table is larger than the tail that is read first takes one more read") {
    std::vector<Content> many;
    for (int i = 0; i < 300; ++i) {
        many.push_back(
            {"member-" + std::to_string(i), test::sample(20, static_cast<std::uint32_t>(i)), {.chunk_bytes = 1024}});
    }
    for (const Format format : {Format::tar_gz, Format::tar_zst}) {
        const auto file = std::make_shared<test::MemoryFile>(test::packed(many, {.format = format}));
        const auto archive = archive::Archive::open(file, "t", {.tail_bytes = 100});
        REQUIRE(archive);
        CHECK(archive->members().size() == 300);
        CHECK(file->reads <= 4);
        CHECK(test::read_member(*archive, "member-123") == test::sample(20, 123));
    }
}

TEST_CASE("a damaged chunk is named and its bytes are not given, while others are") {
    const auto all = contents();
    for (const Format format : {Format::tar_gz, Format::tar_zst}) {
        std::string bytes = test::packed(all, {.format = format});
        const auto table = table_of(bytes);
        const archive::ChunkRow& chunk = table.chunks[5];
        bytes[static_cast<std::size_t>(chunk.offset) + chunk.compressed / 2] ^= 0x10;
        const auto archive = *test::open(bytes);
        const auto log = *archive.open_member("log");
        std::string got(10, '\0');
        const auto into = std::as_writable_bytes(std::span(got));
        const auto bad = log->read_at(4 * kChunk + 100, into);
        REQUIRE_FALSE(bad);
        CHECK(bad.error().code == Errc::corrupt);
        CHECK(bad.error().file == "t.tar.gz");
        CHECK(bad.error().at == chunk.offset);
        CHECK(bad.error().what.substr(0, 5) == "log: ");
        CHECK(log->read_at(5 * kChunk, into));
        CHECK(got == content_of(all, "log").substr(5 * kChunk, 10));
        for (const unsigned jobs : {0U, 2U}) {
            CHECK(archive::verify(archive, jobs).error().code == Errc::corrupt);
        }
    }
}

TEST_CASE("a chunk that decompresses and is another one is noticed by the table's crc") {
    const std::vector<Content> one = {{"a", test::sample(5000, 1), {.chunk_bytes = 8192, .store = true}}};
    const std::vector<Content> two = {{"a", test::sample(5000, 2), {.chunk_bytes = 8192, .store = true}}};
    std::string bytes = test::packed(one);
    const std::string other = test::packed(two);
    const auto table = table_of(bytes);
    REQUIRE(table.chunks.size() == 1);
    REQUIRE(table_of(other).chunks[0].compressed == table.chunks[0].compressed);
    bytes.replace(0, table.chunks[0].compressed, other, 0, table.chunks[0].compressed);
    const auto archive = *test::open(bytes);
    CHECK_THROWS_WITH(test::read_member(archive, "a"), doctest::Contains("chunk crc; expected 0x"));
}

TEST_CASE("tar headers and member checksums that the table does not bear out are found by verify") {
    const auto all = contents();
    const std::string good = test::packed(all);
    const auto with = [&good](archive::Table table) {
        return good.substr(0, static_cast<std::size_t>(table.compressed_bytes())) +
               std::string(archive::encode_tail(Format::tar_gz, table).text());
    };
    REQUIRE(with(table_of(good)) == good);
    auto crc = table_of(good);
    crc.members[1].crc32c ^= 1;
    auto name = table_of(good);
    name.members[1].name = "lug";
    auto size = table_of(good);
    size.members[1].size -= 1;
    auto position = table_of(good);
    position.members[4].position -= 1;
    auto fewer = table_of(good);
    fewer.members.pop_back();
    auto more = table_of(good);
    more.members.push_back({.name = "x", .position = more.stream_bytes(), .size = 0, .crc32c = 0});
    for (const auto& table : {crc, name, size, position, fewer, more}) {
        const auto archive = test::open(with(table));
        REQUIRE(archive);
        CHECK(archive::verify(*archive).error().code == Errc::corrupt);
    }
}

TEST_CASE("an error of the file comes through with its place") {
    const auto file = std::make_shared<test::MemoryFile>(test::packed(contents()));
    const auto archive = *archive::Archive::open(file, "t", {.tail_bytes = 2000});
    file->fail_from = 1000;
    const auto log = *archive.open_member("log");
    std::string got(20'000, '\0');
    const auto bad = log->read_at(0, std::as_writable_bytes(std::span(got)));
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code == Errc::io);
    CHECK(archive::verify(archive).error().code == Errc::io);
    file->fail_from = 0;
    CHECK(archive::Archive::open(file, "t").error().code == Errc::io);
    file->fail_from = UINT64_MAX;
    file->claimed = 1 << 20;
    CHECK_FALSE(archive::Archive::open(file, "t"));
}

TEST_CASE("members are read by several threads at once, with a cache that holds few chunks") {
    const auto all = contents();
    const auto archive = *test::open(test::packed(all), {.cache_bytes = 3 * kChunk});
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            std::mt19937 random(t);  // NOLINT: the same places every time
            std::string got;
            for (int round = 0; round < 300; ++round) {
                const Content& content = all[random() % all.size()];
                const auto member = *archive.open_member(content.name);
                const std::size_t offset = random() % (content.bytes.size() + 1);
                got.resize(random() % 10'000);
                const auto count = member->read_at(offset, std::as_writable_bytes(std::span(got)));
                if (!count || got.substr(0, *count) != content.bytes.substr(offset, got.size())) {
                    ++wrong;
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(wrong == 0);
}

TEST_CASE("a member outlives the archive that it was opened from") {
    std::unique_ptr<io::ReadAt> member;
    {
        const auto archive = *test::open(test::packed(contents()));
        member = *archive.open_member("last");
    }
    std::string got(7, '\0');
    REQUIRE(member->read_at(0, std::as_writable_bytes(std::span(got))));
    CHECK(got == "the end");
}

TEST_CASE("the example of the manual is read, and its tail would be written so again") {
    const std::string bytes(test::read_data("kseg-archive.5.example.tar.gz").text());
    const auto archive = *test::open(bytes);
    CHECK(archive.kind() == archive::Kind::seekable_tar_gz);
    REQUIRE(archive.members().size() == 1);
    CHECK(test::read_member(archive, "a") == "hi\n");
    CHECK(archive::verify(archive));
    // The compressed bytes are those of one version of a library; everything else is the format's.
    const std::string again = test::packed({{"a", "hi\n"}});
    CHECK(table_of(again).chunks[0].crc32c == table_of(bytes).chunks[0].crc32c);
    CHECK(archive::encode_tail(Format::tar_gz, table_of(bytes)).text() == bytes.substr(87));
}
