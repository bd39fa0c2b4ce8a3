// SPDX-License-Identifier: Apache-2.0
// Directories on the machine's own file system.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "io/fs.hpp"

using namespace kseg;

namespace {

class Scratch {
  public:
    Scratch() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_ = (std::filesystem::temp_directory_path() / "kseg_directories_XXXXXX").string();
};

}  // namespace

TEST_CASE("directories are made, renamed and removed with their files") {
    const Scratch scratch;
    io::Fs& fs = io::posix_fs();
    const std::string made = scratch.path() + "/a/b";
    REQUIRE(io::make_durable_directory(fs, made));
    CHECK(io::make_durable_directory(fs, made));
    std::ofstream(made + "/file") << "abc";
    const auto taken = io::make_durable_directory(fs, made + "/file");
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::invalid);
    CHECK_FALSE(fs.remove_directory(made));
    REQUIRE(fs.rename(made, scratch.path() + "/a/c"));
    CHECK_FALSE(std::filesystem::exists(made));
    CHECK(std::filesystem::exists(scratch.path() + "/a/c/file"));
    std::filesystem::create_directory(scratch.path() + "/a/c/below");
    CHECK_FALSE(io::remove_with_files(fs, scratch.path() + "/a/c"));
    std::filesystem::remove(scratch.path() + "/a/c/below");
    CHECK(io::remove_with_files(fs, scratch.path() + "/a/c"));
    CHECK(io::remove_with_files(fs, scratch.path() + "/a/c"));
    CHECK(fs.remove_directory(scratch.path() + "/a/c"));
    CHECK(std::filesystem::is_empty(scratch.path() + "/a"));
}

TEST_CASE("the time of the last change is that of the system, in nanoseconds") {
    const Scratch scratch;
    const std::string path = scratch.path() + "/file";
    std::ofstream(path) << "abc";
    const struct timespec times[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1700000000, .tv_nsec = 123456789}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), static_cast<const struct timespec*>(times), 0) == 0);
    const auto info = io::posix_fs().info(path);
    REQUIRE(info);
    CHECK((*info)->modified_ns == 1'700'000'000'123'456'789);
}
