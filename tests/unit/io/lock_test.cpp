// SPDX-License-Identifier: Apache-2.0
// Locks on the machine's own file system, held by this process and by another.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "io/fs.hpp"
#include "io/unsynced_fs.hpp"

using namespace kseg;

TEST_CASE("whether a file is locked is told without locking it, and without losing the lock") {
    std::string directory = (std::filesystem::temp_directory_path() / "kseg_lock_XXXXXX").string();
    REQUIRE(::mkdtemp(directory.data()) != nullptr);
    const std::string path = directory + "/.lock";
    io::Fs& fs = io::posix_fs();
    CHECK(fs.is_locked(path).value_or(true) == false);
    CHECK(!std::filesystem::exists(path));
    std::ofstream(path) << "";
    CHECK(fs.is_locked(path).value_or(true) == false);
    {
        const auto lock = fs.lock(path);
        REQUIRE(lock);
        REQUIRE(*lock != nullptr);
        CHECK(fs.is_locked(path).value_or(false));
        // The files that are not synced are the same files.
        const auto again = io::unsynced_fs().lock(path);
        REQUIRE(again);
        CHECK(*again == nullptr);
        CHECK(fs.is_locked(path).value_or(false));
    }
    CHECK(fs.is_locked(path).value_or(true) == false);

    // Held by another process, which waits until it is told to end.
    std::array<int, 2> go{};
    std::array<int, 2> held{};
    REQUIRE(::pipe(go.data()) == 0);
    REQUIRE(::pipe(held.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    char byte = 0;
    if (child == 0) {
        const int fd = ::open(path.c_str(), O_RDWR);
        struct flock all {};
        all.l_type = F_WRLCK;
        all.l_whence = SEEK_SET;
        const bool done = fd >= 0 && ::fcntl(fd, F_SETLK, &all) == 0 && ::write(held[1], "x", 1) == 1;
        ::_exit(done && ::read(go[0], &byte, 1) == 1 ? 0 : 1);
    }
    REQUIRE(::read(held[0], &byte, 1) == 1);
    CHECK(fs.is_locked(path).value_or(false));
    REQUIRE(::write(go[1], "x", 1) == 1);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(fs.is_locked(path).value_or(true) == false);
    for (const int fd : {go[0], go[1], held[0], held[1]}) {
        ::close(fd);
    }
    std::filesystem::remove_all(directory);
}
