// SPDX-License-Identifier: Apache-2.0
// No byte of an archive can change, and no byte of it can be missing, so that other contents come out.
#include <doctest/doctest.h>

#include "archive/container.hpp"
#include "archive/extract.hpp"
#include "memory.hpp"
#include "support/hex.hpp"

using namespace kseg;
using archive::Format;
using test::Contents;

namespace {

/// What an archive gives; nothing where anything about it is an error.
std::optional<Contents> contents_of(const std::string& bytes, unsigned jobs = 0) {
    const auto archive = test::open(bytes);
    if (!archive) {
        CHECK(archive.error().file == "t.tar.gz");
        return std::nullopt;
    }
    test::Collector all;
    if (!archive->refused().empty() || !archive->read_all(all, jobs)) {
        return std::nullopt;
    }
    return all.contents;
}

/// The same, member by member.
std::optional<Contents> members_of(const std::string& bytes) {
    const auto archive = test::open(bytes);
    if (!archive || !archive->refused().empty()) {
        return std::nullopt;
    }
    Contents all;
    for (const archive::Member& member : archive->members()) {
        std::string content(static_cast<std::size_t>(member.size), '\0');
        const auto opened = archive->open_member(member.name);
        const auto got = (*opened)->read_at(0, std::as_writable_bytes(std::span(content)));
        if (!got) {
            return std::nullopt;
        }
        REQUIRE(*got == content.size());
        all[member.name] = content;
    }
    return all;
}

struct Tally {
    std::size_t noticed = 0;
    std::size_t harmless = 0;
};

/// Changes every byte in several ways.
Tally change_every_byte(const std::string& good, const Contents& expected, std::size_t from, std::size_t to) {
    Tally tally;
    for (std::size_t at = from; at < to; ++at) {
        for (const int change : {0x01, 0x80, 0xff}) {
            std::string bytes = good;
            bytes[at] = static_cast<char>(bytes[at] ^ change);
            const auto all = contents_of(bytes);
            const auto members = members_of(bytes);
            CAPTURE(at);
            CHECK((!all || *all == expected));
            CHECK((!members || *members == expected));
            ++(all && members ? tally.harmless : tally.noticed);
        }
    }
    return tally;
}

const std::vector<test::Content>& some() {
    static const std::vector<test::Content> all = {{"manifest.json", "{\"topic\":\"t\"}", {}},
                                                   {"t/log", test::sample(2000, 1), {.chunk_bytes = 512}},
                                                   {"stored", "stored and not compressed", {.store = true}},
                                                   {"empty", "", {}},
                                                   {std::string(120, 'n'), "long", {}}};
    return all;
}

Contents expected_of_some() {
    Contents all;
    for (const test::Content& content : some()) {
        all[content.name] = content.bytes;
    }
    return all;
}

// What tests/support/archives/make puts into its archives.
Contents expected_of_gnu() {
    std::string lines;
    for (int n = 0; n < 100; ++n) {
        lines += "{\"n\":" + std::to_string(n) + ",\"square\":" + std::to_string(n * n) + "}\n";
    }
    return {{"manifest.json", "{\"topic\":\"t\"}\n"},
            {"t-0/00000000000000000000.log", lines},
            {"empty", ""},
            {std::string(60, 'd') + "/" + std::string(120, 'n'), "a long name\n"},
            {"\xc3\xbc", "not ASCII\n"}};
}

std::string data(const std::string& name) {
    return std::string(test::read_data("archive/" + name).text());
}

}  // namespace

TEST_CASE("a changed byte of an archive is noticed or changes nothing") {
    for (const Format format : {Format::tar_gz, Format::tar_zst}) {
        const std::string good = test::packed(some(), {.format = format});
        const Contents expected = expected_of_some();
        REQUIRE(contents_of(good) == expected);
        REQUIRE(contents_of(good, 2) == expected);
        REQUIRE(members_of(good) == expected);
        const auto table = archive::find_table(test::MemoryFile(good), good.size());
        const auto tail = static_cast<std::size_t>((*table)->table.compressed_bytes());
        const Tally chunks = change_every_byte(good, expected, 0, tail);
        // In a gzip header time, system and extra flags may be any: 6 bytes of 10 in each of the chunks. The codecs know a
        // few ways more to say the same.
        const std::size_t free = format == Format::tar_gz ? 6 * (*table)->table.chunks.size() : 0;
        CHECK(chunks.harmless >= 3 * free);
        CHECK(chunks.harmless <= 3 * free + 50);
        // Without its magic the footer is not found, and the archive is read as a plain one.
        const Tally rest = change_every_byte(good, expected, tail, good.size());
        CHECK(rest.harmless <= 3 * 16);
    }
}

TEST_CASE("an archive that lacks its end, or has more behind it, is noticed or gives all") {
    for (const Format format : {Format::tar_gz, Format::tar_zst}) {
        const std::string good = test::packed(some(), {.format = format});
        const Contents expected = expected_of_some();
        std::size_t harmless = 0;
        for (std::size_t size = 0; size < good.size(); ++size) {
            const auto all = contents_of(good.substr(0, size));
            CHECK((!all || *all == expected));
            harmless += all ? 1U : 0U;
        }
        CHECK(harmless <= 3);  // between the members or frames that hold the table, it is a plain archive that is whole
        for (const std::string& more : {std::string(1, '\0'), std::string("x"), std::string(600, '\0'), good}) {
            const auto all = contents_of(good + more);
            CHECK((!all || *all == expected));
        }
        CHECK_FALSE(contents_of(good + "x"));
        CHECK_FALSE(contents_of("x" + good));
    }
}

TEST_CASE("archives of GNU tar, gzip and zstd are read") {
    for (const auto& [file, kind] :
         {std::pair("gnu.tar", archive::Kind::plain_tar), std::pair("pax.tar", archive::Kind::plain_tar),
          std::pair("gnu.tar.gz", archive::Kind::plain_tar_gz), std::pair("gnu.tar.zst", archive::Kind::plain_tar_zst)}) {
        const std::string name = file;
        CAPTURE(name);
        const auto archive = test::open(data(name));
        REQUIRE(archive);
        CHECK(archive->kind() == kind);
        CHECK(archive->refused().empty());
        CHECK_FALSE(archive->members().front().crc32c);
        CHECK(contents_of(data(name)) == expected_of_gnu());
        CHECK(members_of(data(name)) == expected_of_gnu());
    }
}

TEST_CASE("a changed byte of a compressed plain archive is noticed or changes nothing") {
    for (const char* name : {"gnu.tar.gz", "gnu.tar.zst"}) {
        const std::string good = data(name);
        const Tally tally = change_every_byte(good, expected_of_gnu(), 0, good.size());
        CHECK(tally.harmless <= 3 * 10);
        for (std::size_t size = 0; size < good.size(); ++size) {
            CHECK_FALSE(contents_of(good.substr(0, size)));
        }
    }
}

TEST_CASE("a plain tar that is cut off is noticed, between two members too") {
    const std::string good = data("gnu.tar");
    const Contents expected = expected_of_gnu();
    std::size_t cut = 0;
    for (std::size_t size = 0; size < good.size(); size += 13) {
        const auto all = contents_of(good.substr(0, size));
        CHECK((!all || *all == expected));
        cut += all ? 0U : 1U;
    }
    // All but what lacks only of the zeros at the end.
    CHECK(cut * 13 >= good.find_last_not_of('\0'));
}

TEST_CASE("reading a plain archive backwards works too") {
    std::string content = test::sample(std::size_t{5} << 20, 1);
    // A stored archive without its table is a plain one.
    const std::string packed = test::packed({{"a", content, {.store = true}}});
    const auto table = archive::find_table(test::MemoryFile(packed), packed.size());
    const auto archive = *test::open(packed.substr(0, static_cast<std::size_t>((*table)->table.compressed_bytes())));
    REQUIRE(archive.kind() == archive::Kind::plain_tar_gz);
    const auto member = *archive.open_member("a");
    std::string got(1000, '\0');
    for (std::size_t at = content.size() - 1000; at > 300'000; at -= 300'000) {
        REQUIRE(member->read_at(at, std::as_writable_bytes(std::span(got))));
        CHECK(got == content.substr(at, 1000));
    }
    CHECK(*member->read_at(content.size() - 10, std::as_writable_bytes(std::span(got))) == 10);
    CHECK(*member->read_at(content.size(), std::as_writable_bytes(std::span(got))) == 0);
}

TEST_CASE("what is no archive is said to be none") {
    for (const std::string& bytes :
         {std::string(), std::string("x"), test::sample(3000, 1), std::string("\x1f\x8b\x08\0", 4)}) {
        const auto archive = test::open(bytes);
        REQUIRE_FALSE(archive);
        CHECK((archive.error().code == Errc::unsupported || archive.error().code == Errc::truncated));
    }
}
