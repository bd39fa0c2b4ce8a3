// SPDX-License-Identifier: Apache-2.0
#include "support/crash_fs.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "io/replace.hpp"

using namespace kseg;
using test::CrashFs;
using test::Fault;

namespace {

std::unique_ptr<io::WritableFile> made(CrashFs& fs, const std::string& path) {
    auto file = fs.create(path);
    REQUIRE(file);
    return *std::move(file);
}

constexpr std::uint64_t kSeeds = 200;

}  // namespace

TEST_CASE("what was synced survives, and its name only where the directory was synced") {
    std::set<bool> seen;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        CrashFs fs;
        REQUIRE(fs.make_directories("/d"));
        REQUIRE(fs.sync_directory("/"));
        auto file = made(fs, "/d/a");
        REQUIRE(file->write_at(0, as_bytes("synced")));
        REQUIRE(file->sync());
        SUBCASE("synced") {
            REQUIRE(fs.sync_directory("/d"));
            fs.crash(seed);
            CHECK(fs.content("/d/a") == "synced");
            CHECK_FALSE(file->write_at(0, as_bytes("x")));
        }
        SUBCASE("not synced") {
            fs.crash(seed);
            seen.insert(fs.content("/d/a").has_value());
            CHECK(fs.content("/d/a").value_or("synced") == "synced");
            if (seed + 1 == kSeeds) {
                CHECK(seen.size() == 2);
            }
        }
    }
}

TEST_CASE("what was not synced is lost, torn, zero or there") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        CrashFs fs;
        fs.put("/d/a", "old");
        auto file = fs.open_writable("/d/a");
        REQUIRE(file);
        REQUIRE((*file)->write_at(3, as_bytes(std::string(2 * 512, 'n'))));
        fs.crash(seed);
        const std::string after = fs.content("/d/a").value();
        CHECK(after.starts_with("old"));
        CHECK(after.find_first_not_of(std::string("n\0", 2), 3) == std::string::npos);
        seen.insert(after);
    }
    CHECK(seen.contains("old"));
    CHECK(seen.contains("old" + std::string(1024, 'n')));
    CHECK(std::ranges::any_of(seen, [](const std::string& content) { return content.ends_with('\0'); }));
    CHECK(seen.contains("old" + std::string(509, '\0') + std::string(515, 'n')));  // reordered
    CHECK(seen.size() > 20);                                                       // torn anywhere
}

TEST_CASE("a sync that failed leaves what no later sync makes durable") {
    bool lost = false;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        CrashFs fs(seed);
        fs.put("/d/a", "");
        auto file = fs.open_writable("/d/a");
        REQUIRE(file);
        REQUIRE((*file)->write_at(0, as_bytes("first")));
        fs.fail_at(fs.operations() + 1, Fault::fail);
        CHECK_FALSE((*file)->sync());
        CHECK(fs.content("/d/a") == "first");
        REQUIRE((*file)->write_at(5, as_bytes("second")));
        REQUIRE((*file)->sync());
        fs.crash(seed);
        const std::string after = fs.content("/d/a").value();
        CHECK(after.ends_with("second"));
        lost = lost || !after.starts_with("first");
    }
    CHECK(lost);
}

TEST_CASE("a directory is renamed with all that is in it, or not, and nothing of it is lost that was synced") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        CrashFs fs;
        REQUIRE(io::make_durable_directory(fs, "/d/new"));
        for (const std::string name : {"/d/new/a", "/d/new/b"}) {
            auto file = made(fs, name);
            REQUIRE(file->write_at(0, as_bytes(name)));
            REQUIRE(file->sync());
        }
        REQUIRE(fs.sync_directory("/d/new"));
        REQUIRE(fs.rename("/d/new", "/d/final"));
        CHECK(*fs.list("/d/final") == std::vector<std::string>{"a", "b"});
        CHECK(fs.content("/d/final/a") == "/d/new/a");
        CHECK_FALSE(fs.info("/d/new")->has_value());
        fs.crash(seed);
        const auto there = *fs.list("/d");
        REQUIRE(there.size() == 1);
        seen.insert(there[0]);
        CHECK(*fs.list("/d/" + there[0]) == std::vector<std::string>{"a", "b"});
        CHECK(fs.content("/d/" + there[0] + "/b") == "/d/new/b");
    }
    CHECK(seen == std::set<std::string>{"new", "final"});
}

TEST_CASE("a directory's new name is durable before the names in it are") {
    std::set<std::size_t> seen;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        CrashFs fs;
        REQUIRE(io::make_durable_directory(fs, "/d/new"));
        REQUIRE(made(fs, "/d/new/a")->sync());
        REQUIRE(fs.rename("/d/new", "/d/final"));
        REQUIRE(fs.sync_directory("/d"));
        fs.crash(seed);
        CHECK(*fs.list("/d") == std::vector<std::string>{"final"});
        seen.insert(fs.list("/d/final")->size());
    }
    CHECK(seen == std::set<std::size_t>{0, 1});
}

TEST_CASE("directories are renamed and removed as POSIX has it") {
    CrashFs fs;
    fs.put("/d/full/a", "abc");
    fs.put("/d/file", "abc");
    REQUIRE(fs.make_directories("/d/empty"));
    REQUIRE(fs.make_directories("/d/other"));
    CHECK_FALSE(fs.rename("/d/other", "/d/full"));
    CHECK_FALSE(fs.rename("/d/other", "/d/file"));
    CHECK_FALSE(fs.rename("/d/file", "/d/empty"));
    CHECK_FALSE(fs.remove("/d/empty"));
    CHECK_FALSE(fs.remove_directory("/d/full"));
    CHECK_FALSE(fs.remove_directory("/d/file"));
    CHECK(fs.remove_directory("/d/missing"));
    CHECK(fs.rename("/d/other", "/d/empty"));
    CHECK(fs.remove_directory("/d/empty"));
    REQUIRE(io::remove_with_files(fs, "/d/full"));
    CHECK(*fs.list("/d") == std::vector<std::string>{"file"});
    CHECK(io::remove_with_files(fs, "/d/full"));
}

TEST_CASE("what was modified last says so") {
    CrashFs fs;
    fs.put("/d/a", "abc");
    const auto modified = [&fs](const std::string& path) { return (*fs.info(path))->modified_ns; };
    const std::int64_t file = modified("/d/a");
    const std::int64_t directory = modified("/d");
    auto open = fs.open_writable("/d/a");
    REQUIRE((*open)->write_at(3, as_bytes("d")));
    CHECK(modified("/d/a") > file);
    CHECK(modified("/d") == directory);
    REQUIRE(fs.rename("/d/a", "/d/b"));
    CHECK(modified("/d") > directory);
}

TEST_CASE("each operation can be made to fail") {
    CrashFs fs;
    fs.put("/d/a", "abc");
    auto file = fs.open_writable("/d/a");
    REQUIRE(file);
    fs.fail_at(1, Fault::shorten);
    CHECK_FALSE((*file)->write_at(3, as_bytes("defghi")));
    CHECK(fs.content("/d/a")->size() < 9);
    fs.fail_at(2, Fault::cut);
    CHECK_FALSE((*file)->write_at(3, as_bytes("x")));
    CHECK(fs.is_cut());
    CHECK_FALSE((*file)->sync());
    CHECK_FALSE(fs.rename("/d/a", "/d/b"));
    fs.crash(1);
    REQUIRE(fs.rename("/d/a", "/d/b"));
    fs.fail_when(
        [](const std::string& operation, const std::string& path) { return operation == "remove" && path == "/d/b"; });
    CHECK_FALSE(fs.remove("/d/b"));
    fs.fail_when(nullptr);
    CHECK(fs.remove("/d/b"));
    CHECK_FALSE(fs.content("/d/b"));
}

TEST_CASE("a lock is held by one, until it is let go of or the power goes") {
    CrashFs fs;
    fs.put("/d/a", "");
    auto first = fs.lock("/d/.lock");
    REQUIRE(first);
    REQUIRE(*first);
    CHECK(*fs.lock("/d/.lock") == nullptr);
    first->reset();
    auto second = fs.lock("/d/.lock");
    REQUIRE(*second);
    fs.kill();
    CHECK(*fs.lock("/d/.lock") != nullptr);
}

TEST_CASE("a file that is replaced is the old one or the new one after a crash, whole") {
    std::set<std::string> seen;
    for (std::uint64_t k = 1; k < 8; ++k) {
        for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
            CrashFs fs;
            fs.put("/d/a", "old content");
            fs.fail_at(k, Fault::cut);
            bool done = false;
            {
                auto file = io::Replacement::begin(fs, "/d/a", {.overwrite = true});
                done = file && (*file)->write(as_bytes("the new content")) && (*file)->commit();
            }
            fs.crash(seed);
            const std::string after = fs.content("/d/a").value_or("nothing");
            CAPTURE(k);
            CAPTURE(seed);
            if (done) {
                CHECK(after == "the new content");
            } else {
                const bool whole = after == "old content" || after == "the new content";
                CHECK(whole);
            }
            seen.insert(after);
        }
    }
    CHECK(seen.size() == 2);
}
