// SPDX-License-Identifier: Apache-2.0
#include "io/sink.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace kseg;
namespace fs = std::filesystem;

namespace {

class Folder {
  public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "kseg-unit-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { fs::remove_all(path); }
    [[nodiscard]] std::ptrdiff_t entries() const {
        return std::distance(fs::directory_iterator(path), fs::directory_iterator());
    }
    fs::path path;
};

std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a file is absent until it is whole") {
    const Folder folder;
    const std::string target = (folder.path / "out").string();
    const mode_t mask = ::umask(027);
    auto sink = io::replace_file(target, false);
    REQUIRE(sink);
    CHECK((*sink)->write(as_bytes("hello ")));
    CHECK_FALSE(fs::exists(target));
    CHECK((*sink)->write(as_bytes("world")));
    REQUIRE((*sink)->commit());
    ::umask(mask);
    CHECK(content(target) == "hello world");
    CHECK(folder.entries() == 1);
    CHECK((fs::status(target).permissions() & fs::perms::mask) == fs::perms{0640});
}

TEST_CASE("without a commit nothing is left") {
    const Folder folder;
    const std::string target = (folder.path / "out").string();
    {
        auto sink = io::replace_file(target, false);
        REQUIRE(sink);
        CHECK((*sink)->write(as_bytes("half")));
    }
    CHECK(folder.entries() == 0);
}

TEST_CASE("a file that is there is kept unless it may be replaced, and until it is") {
    const Folder folder;
    const std::string target = (folder.path / "out").string();
    std::ofstream(target) << "old";
    const auto refused = io::replace_file(target, false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::exists);
    {
        auto abandoned = io::replace_file(target, true);
        REQUIRE(abandoned);
        CHECK((*abandoned)->write(as_bytes("new")));
    }
    CHECK(content(target) == "old");
    auto sink = io::replace_file(target, true);
    REQUIRE(sink);
    CHECK((*sink)->write(as_bytes("new")));
    REQUIRE((*sink)->commit());
    CHECK(content(target) == "new");
    CHECK(folder.entries() == 1);
}

TEST_CASE("a file that somebody else makes meanwhile is not replaced without leave") {
    const Folder folder;
    const std::string target = (folder.path / "out").string();
    {
        auto sink = io::replace_file(target, false);
        REQUIRE(sink);
        std::ofstream(target) << "theirs";
        CHECK_FALSE((*sink)->commit());
    }
    CHECK(content(target) == "theirs");
    CHECK(folder.entries() == 1);
}

TEST_CASE("a directory that is not there is an error that names the file") {
    const auto sink = io::replace_file("/nonexistent-folder/out", false);
    REQUIRE_FALSE(sink);
    CHECK(sink.error().code == Errc::io);
    CHECK(sink.error().file == "/nonexistent-folder/out");
}
