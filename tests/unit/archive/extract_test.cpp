// SPDX-License-Identifier: Apache-2.0
#include "archive/extract.hpp"

#include <doctest/doctest.h>

#include "archive/container.hpp"
#include "memory.hpp"
#include "support/crash_fs.hpp"
#include "support/hex.hpp"

using namespace kseg;

namespace {

std::string content(io::Fs& fs, const std::string& path) {
    const auto file = fs.open(path);
    if (!file) {
        return "(none)";
    }
    std::string bytes(static_cast<std::size_t>(*(*file)->size()), '\0');
    REQUIRE((*file)->read_at(0, std::as_writable_bytes(std::span(bytes))));
    return bytes;
}

std::string data(const std::string& name) {
    return std::string(test::read_data("archive/" + name).text());
}

}  // namespace

TEST_CASE("members become files, in directories that are made") {
    const std::string log = test::sample(50'000, 1);
    for (const unsigned jobs : {0U, 2U}) {
        test::CrashFs fs;
        const auto archive = *test::open(test::packed({{"m", "{}"}, {"a/b/log", log, {.chunk_bytes = 1024}}, {"a/e", ""}}));
        REQUIRE(archive::extract(archive, fs, "/out", {.jobs = jobs}));
        CHECK(content(fs, "/out/m") == "{}");
        CHECK(content(fs, "/out/a/b/log") == log);
        CHECK(content(fs, "/out/a/e").empty());
        CHECK(*fs.list("/out") == std::vector<std::string>{"a", "m"});
        CHECK(archive::extract(archive, fs, "/out").error().code == Errc::exists);
        CHECK(archive::extract(archive, fs, "/out", {.overwrite = true}));
    }
}

TEST_CASE("a plain archive is extracted too") {
    for (const char* name : {"gnu.tar", "pax.tar", "gnu.tar.gz", "gnu.tar.zst"}) {
        test::CrashFs fs;
        REQUIRE(archive::extract(*test::open(data(name)), fs, "/out"));
        CHECK(content(fs, "/out/manifest.json") == "{\"topic\":\"t\"}\n");
        CHECK(content(fs, "/out/" + std::string(60, 'd') + "/" + std::string(120, 'n')) == "a long name\n");
        CHECK(fs.list("/out/t-0")->size() == 1);
    }
}

TEST_CASE("a damaged member does not become a file, and those before it do") {
    std::string bytes =
        test::packed({{"first", "1", {.store = true}}, {"second", test::sample(50'000, 1)}, {"third", "3"}});
    const auto table = *archive::find_table(test::MemoryFile(bytes), bytes.size());
    REQUIRE(table->table.chunks.size() == 2);
    bytes[static_cast<std::size_t>(table->table.chunks[1].offset) + 5000] ^= 1;
    for (const unsigned jobs : {0U, 2U}) {
        test::CrashFs fs;
        const auto done = archive::extract(*test::open(bytes), fs, "/out", {.jobs = jobs});
        REQUIRE_FALSE(done);
        CHECK(done.error().code == Errc::corrupt);
        CHECK(done.error().file == "t.tar.gz");
        CHECK(*fs.list("/out") == std::vector<std::string>{"first"});
    }
}

TEST_CASE("of an archive that holds links, devices or names that lead out nothing is written") {
    for (const char* name : {"absolute.tar", "dotdot.tar", "symlink.tar", "hardlink.tar", "fifo.tar", "device.tar",
                             "directory.tar", "twice.tar", "control.tar", "sparse-gnu.tar", "sparse-pax.tar"}) {
        CAPTURE(name);
        test::CrashFs fs;
        const auto archive = test::open(data(name));
        REQUIRE(archive);
        CHECK(archive->refused().size() == 1);
        CHECK(archive::extract(*archive, fs, "/out").error().code == Errc::corrupt);
        CHECK(archive::verify(*archive).error().code == Errc::corrupt);
        CHECK_FALSE(fs.list("/out"));
        // What is good can be read all the same.
        if (std::string_view(name).substr(0, 6) != "sparse") {
            CHECK(test::read_member(*archive, "good") == "ok");
        }
        CHECK(archive->open_member("bad").error().code == Errc::invalid);
    }
}

TEST_CASE("a disk that fails at any operation leaves whole files only") {
    const std::string log = test::sample(20'000, 1);
    const auto archive = *test::open(test::packed({{"a/m", "{}"}, {"a/log", log}}));
    std::uint64_t operations = 0;
    {
        test::CrashFs fs;
        REQUIRE(archive::extract(archive, fs, "/out"));
        operations = fs.operations();
    }
    REQUIRE(operations > 5);
    for (std::uint64_t k = 1; k <= operations; ++k) {
        test::CrashFs fs(k);
        fs.fail_at(k, k % 2 == 0 ? test::Fault::fail : test::Fault::shorten);
        const auto done = archive::extract(archive, fs, "/out");
        const std::string m = content(fs, "/out/a/m");
        const std::string l = content(fs, "/out/a/log");
        CHECK((m == "(none)" || m == "{}"));
        CHECK((l == "(none)" || l == log));
        CHECK((!done || (m == "{}" && l == log)));
    }
}
