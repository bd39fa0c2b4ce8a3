// SPDX-License-Identifier: Apache-2.0
#include "objects/directory_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "support/crash_fs.hpp"
#include "unit/objects/object_support.hpp"

using namespace kseg;
using objects::directory_store;
using objects::ObjectStore;
using test::CrashFs;
using test::Fault;
using test::names_in;
using test::read_object;
using test::Scratch;
using test::Text;
using test::write_file;

namespace {

/// A file system that has no links.
class FsWithoutLinks final : public io::Fs {
  public:
    CrashFs disk;

    Result<std::unique_ptr<io::ReadAt>> open(const std::string& path) override { return disk.open(path); }
    Result<std::unique_ptr<io::WritableFile>> create(const std::string& path) override { return disk.create(path); }
    Result<std::unique_ptr<io::WritableFile>> open_writable(const std::string& path) override {
        return disk.open_writable(path);
    }
    Result<std::optional<io::FileInfo>> info(const std::string& path) override { return disk.info(path); }
    Result<std::vector<std::string>> list(const std::string& directory) override { return disk.list(directory); }
    Result<void> make_directories(const std::string& path) override { return disk.make_directories(path); }
    Result<void> link(const std::string& /*from*/, const std::string& to) override {
        return Error{.code = Errc::unsupported, .what = "no links", .file = to};
    }
    Result<void> rename(const std::string& from, const std::string& to) override { return disk.rename(from, to); }
    Result<void> remove(const std::string& path) override { return disk.remove(path); }
    Result<void> remove_directory(const std::string& path) override { return disk.remove_directory(path); }
    Result<void> sync_directory(const std::string& directory) override { return disk.sync_directory(directory); }
    Result<void> copy_owner(const std::string& /*from*/, const std::string& /*to*/) override { return {}; }
    Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override { return disk.lock(path); }
    Result<bool> is_locked(const std::string& path) override { return disk.is_locked(path); }
};

/// Content of every file below a directory, hidden ones too.
std::map<std::string, std::string> files_below(const std::string& directory) {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file()) {
            std::ifstream in(entry.path());
            found[entry.path().lexically_relative(directory).string()] = {std::istreambuf_iterator<char>(in), {}};
        }
    }
    return found;
}

}  // namespace

TEST_CASE("an object is a file, and its name is taken from then on") {
    const Scratch scratch;
    const auto store = directory_store(io::posix_fs(), scratch / "deep/store/");
    const std::string large(3'000'000, 'x');
    REQUIRE(store->put_if_absent("a/b/one", Text("first")));
    REQUIRE(store->put_if_absent("large", Text(large)));
    REQUIRE(store->put_if_absent("empty", Text("")));
    const auto again = store->put_if_absent("a/b/one", Text("second"));
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::exists);
    CHECK(again.error().file == scratch / "deep/store/a/b/one");
    CHECK(files_below(scratch / "deep/store") ==
          std::map<std::string, std::string>{{"a/b/one", "first"}, {"empty", ""}, {"large", large}});
    CHECK(read_object(*store, "large") == large);
    CHECK(store->describe("a/b") == scratch / "deep/store/a/b");
    CHECK(store->describe("") == scratch / "deep/store");
}

TEST_CASE("ranges of an object can be read as long as it is open") {
    const Scratch scratch;
    write_file(scratch / "s/x", "0123456789");
    auto store = directory_store(io::posix_fs(), scratch / "s");
    auto object = store->open("x");
    REQUIRE(object);
    REQUIRE(store->remove("x"));
    store.reset();
    std::string part(4, ' ');
    CHECK((*object)->size().value() == 10);
    CHECK((*object)->read_at(3, std::as_writable_bytes(std::span(part))).value() == 4);
    CHECK(part == "3456");
    CHECK((*object)->read_at(8, std::as_writable_bytes(std::span(part))).value() == 2);
    CHECK((*object)->read_at(10, std::as_writable_bytes(std::span(part))).value() == 0);
    CHECK((*object)->read_at(1000, std::as_writable_bytes(std::span(part))).value() == 0);
}

TEST_CASE("what is not there has no head, cannot be opened, and is removed") {
    const Scratch scratch;
    write_file(scratch / "s/dir/x", "1234");
    const auto store = directory_store(io::posix_fs(), scratch / "s");
    CHECK(store->head("dir/x").value()->size == 4);
    CHECK(store->head("dir/x").value()->name == "dir/x");
    for (const char* const name : {"y", "dir", "dir/y", "dir/x/y", "no/such/dir"}) {
        CAPTURE(name);
        CHECK_FALSE(store->head(name).value());
        CHECK(store->remove(name));
        const auto object = store->open(name);
        REQUIRE_FALSE(object);
        CHECK(object.error().message() == scratch / "s/" + name + ": no such object");
    }
    REQUIRE(store->remove("dir/x"));
    REQUIRE(store->remove("dir/x"));
    CHECK(files_below(scratch / "s").empty());
}

TEST_CASE("names that cannot be are refused by every call") {
    const Scratch scratch;
    write_file(scratch / "x", "outside");
    const auto store = directory_store(io::posix_fs(), scratch / "s");
    REQUIRE(store->put_if_absent("in", Text("side")));
    for (const char* const name : {"../x", "", "/x", ".kseg-put-0", "a/../../x"}) {
        CAPTURE(name);
        CHECK(store->put_if_absent(name, Text("")).error().code == Errc::invalid);
        CHECK(store->open(name).error().code == Errc::invalid);
        CHECK(store->head(name).error().code == Errc::invalid);
        CHECK(store->remove(name).error().code == Errc::invalid);
    }
    CHECK(store->list("../", [](const auto&) { return true; }).error().code == Errc::invalid);
    CHECK(files_below(scratch / "").at("x") == "outside");
}

TEST_CASE("a name and a part of another's cannot both be objects of a directory") {
    const Scratch scratch;
    const auto store = directory_store(io::posix_fs(), scratch / "s");
    REQUIRE(store->put_if_absent("a", Text("1")));
    REQUIRE(store->put_if_absent("b/c", Text("2")));
    CHECK_FALSE(store->put_if_absent("a/x", Text("3")));
    CHECK_FALSE(store->put_if_absent("b", Text("4")));
    CHECK(files_below(scratch / "s") == std::map<std::string, std::string>{{"a", "1"}, {"b/c", "2"}});
}

TEST_CASE("a listing is in the order of whole names, whatever is a directory") {
    const Scratch scratch;
    // '-' and '.' come before '/', and '0' behind it.
    const std::vector<std::string> names{"a-1", "a.b", "a/x", "a/y/z", "a/y0", "a0", "b/c", "bc", "\xc3\xa4"};
    for (const std::string& name : names) {
        write_file(scratch / "s/" + name, name);
    }
    write_file(scratch / "s/.kseg-put-00000000-0", "unfinished");
    write_file(scratch / "s/a/.kseg-put-00000000-0", "unfinished");
    write_file(scratch / "s/bad\nname", "");
    const auto store = directory_store(io::posix_fs(), scratch / "s");
    CHECK(names_in(*store, "") == names);
    CHECK(std::ranges::is_sorted(names));
    const auto some = [&](const std::string& prefix) { return names_in(*store, prefix); };
    CHECK(some("a/") == std::vector<std::string>{"a/x", "a/y/z", "a/y0"});
    CHECK(some("a/y") == std::vector<std::string>{"a/y/z", "a/y0"});
    CHECK(some("b") == std::vector<std::string>{"b/c", "bc"});
    CHECK(some("a/x/").empty());
    CHECK(some("zz/top").empty());
    std::vector<std::string> two;
    REQUIRE(store->list("", [&](const auto& info) {
        CHECK(info.size == info.name.size());
        two.push_back(info.name);
        return two.size() < 4;
    }));
    CHECK(two == std::vector<std::string>{"a-1", "a.b", "a/x", "a/y/z"});
    CHECK_FALSE(directory_store(io::posix_fs(), scratch / "none")->list("", [](const auto&) { return true; }));
}

TEST_CASE("of many that put one name at once, one does") {
    const Scratch scratch;
    for (int round = 0; round < 20; ++round) {
        const std::string name = "n" + std::to_string(round);
        std::atomic<int> done = 0;
        std::atomic<int> exist = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] {
                const auto store = directory_store(io::posix_fs(), scratch / "s");
                const auto put = store->put_if_absent(name, Text(std::string(5000, static_cast<char>('a' + i))));
                ++(put ? done : exist);
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        CHECK(done == 1);
        CHECK(exist == 3);
    }
    for (const auto& [name, content] : files_below(scratch / "s")) {
        CHECK(name.starts_with("n"));
        CHECK(content == std::string(5000, content.at(0)));
    }
}

TEST_CASE("unfinished puts are removed by their age") {
    const Scratch scratch;
    write_file(scratch / "s/a/.kseg-put-00000000-0", "old");
    write_file(scratch / "s/.kseg-put-00000000-0", "new");
    write_file(scratch / "s/object", "old");
    for (const char* const old : {"s/a/.kseg-put-00000000-0", "s/object"}) {
        std::filesystem::last_write_time(scratch / old,
                                         std::filesystem::file_time_type::clock::now() - std::chrono::hours(48));
    }
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    const auto store = directory_store(io::posix_fs(), scratch / "s");
    CHECK(store->remove_unfinished(now.count() - 24LL * 3600 * 1000).value() == 1);
    CHECK(files_below(scratch / "s") ==
          std::map<std::string, std::string>{{".kseg-put-00000000-0", "new"}, {"object", "old"}});
}

TEST_CASE("content that cannot be read, or is shorter than it says, leaves nothing") {
    CrashFs fs;
    const auto store = directory_store(fs, "/s");
    const auto broken = store->put_if_absent("x", test::BrokenText("0123456789", 5));
    REQUIRE_FALSE(broken);
    CHECK(broken.error().message() == "/s/x: no medium");
    const auto shorter = store->put_if_absent("x", test::ShortText("0123456789", 5));
    REQUIRE_FALSE(shorter);
    CHECK(shorter.error().code == Errc::truncated);
    CHECK(fs.list("/s").value().empty());
}

TEST_CASE("without links an object is renamed into place, and a taken name stays") {
    FsWithoutLinks fs;
    const auto store = directory_store(fs, "/s");
    REQUIRE(store->put_if_absent("a/x", Text("one")));
    CHECK(store->put_if_absent("a/x", Text("two")).error().code == Errc::exists);
    CHECK(fs.list("/s/a").value() == std::vector<std::string>{"x"});
    CHECK(fs.disk.content("/s/a/x") == "one");
}

namespace {

/// Puts two objects and removes one; what a run of the store does. True where nothing failed.
bool run(CrashFs& fs) {
    const auto store = directory_store(fs, "/data/store");
    const auto is_done = [](const Result<void>& put) { return put || put.error().code == Errc::exists; };
    return is_done(store->put_if_absent("t-0/00.tar", Text(std::string(3000, 'p')))) &&
           is_done(store->put_if_absent("t-0/10.tar", Text("ten"))) && store->remove("t-0/old.tar");
}

void check_whole(CrashFs& fs) {
    const auto first = fs.content("/data/store/t-0/00.tar");
    const auto second = fs.content("/data/store/t-0/10.tar");
    CHECK((!first || first == std::string(3000, 'p')));
    CHECK((!second || second == "ten"));
}

std::uint64_t prepare(CrashFs& fs) {
    fs.put("/data/store/t-0/old.tar", "old");
    return fs.operations();
}

}  // namespace

TEST_CASE("a put that fails at any operation leaves no part of an object, and the next run makes the same store") {
    CrashFs whole;
    prepare(whole);
    REQUIRE(run(whole));
    const std::uint64_t operations = whole.operations();
    REQUIRE(operations > 12);
    std::uint64_t failed = 0;
    for (const Fault fault : {Fault::fail, Fault::shorten, Fault::cut}) {
        for (std::uint64_t k = 1; k <= operations; ++k) {
            for (std::uint64_t seed = 1; seed <= 8; ++seed) {
                CAPTURE(k);
                CAPTURE(seed);
                CrashFs fs(seed);
                prepare(fs);
                fs.fail_at(k, fault);
                const bool done = run(fs);
                failed += done ? 0 : 1;
                check_whole(fs);
                if (fault == Fault::cut) {
                    fs.crash(seed);
                    check_whole(fs);
                } else {
                    fs.kill();
                }
                REQUIRE(run(fs));
                // What succeeded is durable: the power goes again, and nothing of it is lost.
                fs.crash(seed + 100);
                const auto store = directory_store(fs, "/data/store");
                CHECK(names_in(*store, "") == std::vector<std::string>{"t-0/00.tar", "t-0/10.tar"});
                check_whole(fs);
                REQUIRE(store->remove_unfinished(1));
                CHECK(fs.list("/data/store/t-0").value() == std::vector<std::string>{"00.tar", "10.tar"});
            }
        }
    }
    CHECK(failed > operations * 8);
}

TEST_CASE("what was put is durable, its directories included, when put returns") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CrashFs fs(seed);
        REQUIRE(directory_store(fs, "/new/store")->put_if_absent("a/b/c", Text("content")));
        fs.crash(seed);
        CHECK(fs.content("/new/store/a/b/c") == "content");
    }
}

TEST_CASE("a name that another run gave and did not sync is durable once it is said to be taken") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CrashFs fs(seed);
        fs.fail_when([](const std::string& operation, const std::string& path) {
            return operation == "sync_directory" && path == "/s/a";
        });
        const auto put = directory_store(fs, "/s")->put_if_absent("a/b", Text("content"));
        REQUIRE_FALSE(put);
        CHECK(put.error().code == Errc::io);
        fs.kill();
        CHECK(directory_store(fs, "/s")->put_if_absent("a/b", Text("content")).error().code == Errc::exists);
        fs.crash(seed);
        CHECK(fs.content("/s/a/b") == "content");
    }
}
