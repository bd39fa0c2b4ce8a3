// SPDX-License-Identifier: Apache-2.0
#include "index/segment_finder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "support/crash_fs.hpp"
#include "support/make_batch.hpp"

using namespace kseg;
using index::SegmentFinder;
using segment::PartitionName;
using test::CrashFs;

namespace {

/// Counts how often directories are listed.
class CountingFs final : public io::Fs {
  public:
    explicit CountingFs(io::Fs& fs) : fs_(fs) {}
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& path) override { return fs_.open(path); }
    Result<std::unique_ptr<io::WritableFile>> create(const std::string& path) override { return fs_.create(path); }
    Result<std::unique_ptr<io::WritableFile>> open_writable(const std::string& path) override {
        return fs_.open_writable(path);
    }
    Result<std::optional<io::FileInfo>> info(const std::string& path) override {
        ++looks;
        return fs_.info(path);
    }
    Result<std::vector<std::string>> list(const std::string& path) override {
        ++lists;
        if (path == refused) {
            return io_error("", EACCES).in_file(path);
        }
        return fs_.list(path);
    }
    Result<void> make_directories(const std::string& path) override { return fs_.make_directories(path); }
    Result<void> link(const std::string& from, const std::string& to) override { return fs_.link(from, to); }
    Result<void> rename(const std::string& from, const std::string& to) override { return fs_.rename(from, to); }
    Result<void> remove(const std::string& path) override { return fs_.remove(path); }
    Result<void> remove_directory(const std::string& path) override { return fs_.remove_directory(path); }
    Result<void> sync_directory(const std::string& path) override { return fs_.sync_directory(path); }
    Result<void> copy_owner(const std::string& from, const std::string& to) override { return fs_.copy_owner(from, to); }
    Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override { return fs_.lock(path); }
    Result<bool> is_locked(const std::string& path) override { return fs_.is_locked(path); }

    int lists = 0;
    int looks = 0;
    std::string refused{};

  private:
    io::Fs& fs_;
};

struct Polled {
    std::vector<index::SealedSegment> segments;
    std::vector<Error> errors;

    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& segment : segments) {
            all.push_back(index::index_name(segment.partition, segment.base_offset));
        }
        return all;
    }
};

Polled poll(SegmentFinder& finder) {
    Polled polled;
    polled.segments = finder.poll([&polled](const Error& error) { polled.errors.push_back(error); });
    return polled;
}

/// Polls and reports everything as done.
std::vector<std::string> poll_and_do(SegmentFinder& finder) {
    const Polled polled = poll(finder);
    CHECK(polled.errors.empty());
    for (const auto& segment : polled.segments) {
        finder.done(segment);
    }
    return polled.names();
}

void put_log(CrashFs& fs, const std::string& directory, std::int64_t base_offset) {
    fs.put(fmt::format("{}/{:020d}.log", directory, base_offset), "x");
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("what was given and what names say make a partition") {
    using Given = index::GivenPartition;
    const std::optional<PartitionName> named(PartitionName{.topic = "orders", .partition = 3});
    const auto given = [&](std::optional<std::string> topic, std::optional<std::int32_t> partition, bool with_name) {
        const auto found = Given{.topic = std::move(topic), .partition = partition}.of(with_name ? named : std::nullopt);
        return found ? index::directory_name(*found) : "unknown";
    };
    CHECK(given({}, {}, true) == "orders-3");
    CHECK(given({}, {}, false) == "unknown");
    CHECK(given("t", {}, false) == "t-0");
    CHECK(given("t", {}, true) == "t-0");
    CHECK(given("orders", {}, true) == "orders-3");
    CHECK(given("t", 5, true) == "t-5");
    CHECK(given({}, 5, true) == "orders-5");
    CHECK(given({}, 5, false) == "unknown");
}

TEST_CASE("in a directory every segment but the last is sealed, and nothing else is one") {
    CrashFs fs;
    put_log(fs, "/data/orders-3", 0);
    put_log(fs, "/data/orders-3", 100);
    put_log(fs, "/data/orders-3", 20);
    fs.put("/data/orders-3/00000000000000000000.index", "");
    fs.put("/data/orders-3/00000000000000000200.snapshot", "");
    fs.put("/data/orders-3/00000000000000000300.log.deleted", "");
    SegmentFinder finder(fs, {});
    finder.add_directory("/data/orders-3///");
    const Polled polled = poll(finder);
    CHECK(polled.names() == Names{"orders-3/00000000000000000000", "orders-3/00000000000000000020"});
    CHECK(polled.segments[1].path == "/data/orders-3/00000000000000000020.log");
    CHECK_FALSE(polled.segments[1].named);
    CHECK(polled.errors.empty());
}

TEST_CASE("of a log directory all partitions are taken by topic and number, those set aside not") {
    CrashFs fs;
    for (const std::string partition :
         {"b-10", "b-9", "a-b-0", "__consumer_offsets-0", "gone-0.0123456789abcdef0123456789abcdef-delete", "no-number"}) {
        put_log(fs, "/data/" + partition, 5);
        put_log(fs, "/data/" + partition, 7);
    }
    fs.put("/data/c-1", "a file");
    fs.put("/data/meta.properties", "");
    SUBCASE("all") {
        SegmentFinder finder(fs, {});
        finder.add_directory("/data");
        CHECK(poll(finder).names() == Names{"__consumer_offsets-0/00000000000000000005", "a-b-0/00000000000000000005",
                                            "b-9/00000000000000000005", "b-10/00000000000000000005"});
        CHECK(finder.without_logs().empty());
    }
    SUBCASE("of a topic") {
        SegmentFinder finder(fs, {.topic = "b"});
        finder.add_directory("/data");
        CHECK(poll(finder).names() == Names{"b-9/00000000000000000005", "b-10/00000000000000000005"});
    }
    SUBCASE("of a number") {
        SegmentFinder finder(fs, {.partition = 0});
        finder.add_directory("/data");
        CHECK(poll(finder).names() == Names{"__consumer_offsets-0/00000000000000000005", "a-b-0/00000000000000000005"});
    }
}

TEST_CASE("a directory that holds no log is told, and one whose name says nothing is an error") {
    CrashFs fs;
    REQUIRE(fs.make_directories("/empty"));
    REQUIRE(fs.make_directories("/t-0"));
    put_log(fs, "/nameless", 0);
    put_log(fs, "/nameless", 1);
    SegmentFinder finder(fs, {});
    finder.add_directory("/empty");
    finder.add_directory("/t-0");
    finder.add_directory("/nameless");
    const Polled polled = poll(finder);
    CHECK(polled.segments.empty());
    CHECK(finder.without_logs() == Names{"/empty"});
    REQUIRE(polled.errors.size() == 1);
    CHECK(polled.errors[0].file == "/nameless");
    CHECK(poll(finder).errors.empty());  // once is enough

    SegmentFinder told(fs, {.topic = "t", .partition = 4});
    told.add_directory("/nameless");
    CHECK(poll(told).names() == Names{"t-4/00000000000000000000"});
}

TEST_CASE("a file is sealed, and has its base offset from its name or its first batch") {
    CrashFs fs;
    const std::string bytes(test::make_batch(1, {.records = 2, .base_offset = 4294967301}).text());
    fs.put("/data/t-1/00000000000000000042.log", bytes);
    fs.put("/data/t-1/captured", "garbage before it" + bytes);
    fs.put("/data/t-1/empty", "");
    fs.put("/data/other/captured", bytes);
    SegmentFinder finder(fs, {});
    CHECK(finder.add_file("/data/t-1/00000000000000000042.log"));
    CHECK(finder.add_file("/data/t-1/captured"));
    const auto empty = finder.add_file("/data/t-1/empty");
    REQUIRE_FALSE(empty);
    CHECK(empty.error().code == Errc::invalid);
    CHECK_FALSE(finder.add_file("/data/other/captured"));
    CHECK_FALSE(finder.add_file("/data/t-1/missing"));
    CHECK(poll(finder).names() == Names{"t-1/00000000000000000042", "t-1/00000000004294967301"});
}

TEST_CASE("two segments with one index are an error, and the first has it") {
    CrashFs fs;
    for (const std::string directory : {"/a/t-0", "/b/t-0"}) {
        put_log(fs, directory, 0);
        put_log(fs, directory, directory == "/a/t-0" ? 5 : 6);
        put_log(fs, directory, 9);
    }
    SegmentFinder finder(fs, {});
    finder.add_directory("/a/t-0");
    finder.add_directory("/b");
    REQUIRE(finder.add_file("/a/t-0/00000000000000000005.log"));
    const Polled polled = poll(finder);
    CHECK(polled.names() == Names{"t-0/00000000000000000000", "t-0/00000000000000000005", "t-0/00000000000000000006"});
    REQUIRE(polled.errors.size() == 2);
    CHECK(polled.errors[0].code == Errc::exists);
    CHECK(polled.errors[0].message() ==
          "/b/t-0/00000000000000000000.log: its index would be t-0/00000000000000000000, as that of "
          "/a/t-0/00000000000000000000.log");
    CHECK(polled.errors[1].file == "/a/t-0/00000000000000000005.log");
    CHECK(poll(finder).errors.empty());
}

TEST_CASE("a log that grows hands out what is sealed meanwhile, once") {
    CrashFs fs;
    put_log(fs, "/data/t-0", 0);
    SegmentFinder finder(fs, {});
    finder.add_directory("/data");
    CHECK(poll_and_do(finder).empty());
    put_log(fs, "/data/t-0", 10);
    CHECK(poll_and_do(finder) == Names{"t-0/00000000000000000000"});
    CHECK(poll_and_do(finder).empty());
    put_log(fs, "/data/t-0", 20);
    put_log(fs, "/data/t-0", 30);
    put_log(fs, "/data/new-1", 0);
    put_log(fs, "/data/new-1", 1);
    CHECK(poll_and_do(finder) ==
          Names{"new-1/00000000000000000000", "t-0/00000000000000000010", "t-0/00000000000000000020"});
    CHECK(poll_and_do(finder).empty());
    // Retention takes segments, and a topic, away.
    REQUIRE(fs.remove("/data/t-0/00000000000000000000.log"));
    REQUIRE(io::remove_with_files(fs, "/data/new-1"));
    CHECK(poll_and_do(finder).empty());
    // A topic of the same name comes again.
    put_log(fs, "/data/new-1", 0);
    put_log(fs, "/data/new-1", 1);
    CHECK(poll_and_do(finder) == Names{"new-1/00000000000000000000"});
}

TEST_CASE("a segment that changed comes again") {
    CrashFs fs;
    put_log(fs, "/data/t-0", 0);
    put_log(fs, "/data/t-0", 10);
    REQUIRE(fs.make_directories("/files-0"));
    fs.put("/files-0/00000000000000000007.log", "x");
    SegmentFinder finder(fs, {});
    finder.add_directory("/data");
    REQUIRE(finder.add_file("/files-0/00000000000000000007.log"));
    CHECK(poll_and_do(finder).size() == 2);
    put_log(fs, "/data/t-0", 0);  // another file of the same name and size
    CHECK(poll_and_do(finder) == Names{"t-0/00000000000000000000"});
    fs.put("/files-0/00000000000000000007.log", "y");
    CHECK(poll_and_do(finder) == Names{"files-0/00000000000000000007"});
    REQUIRE(fs.remove("/files-0/00000000000000000007.log"));
    CHECK(poll_and_do(finder).empty());
}

TEST_CASE("a directory in which nothing happens costs a look") {
    CrashFs disk;
    CountingFs fs(disk);
    for (int i = 0; i < 50; ++i) {
        put_log(disk, "/data/t-0", i);
        put_log(disk, "/data/t-1", i);
    }
    SegmentFinder finder(fs, {});
    finder.add_directory("/data");
    CHECK(poll_and_do(finder).size() == 98);
    for (int i = 0; i < 5; ++i) {
        CHECK(poll_and_do(finder).empty());
    }
    fs.lists = fs.looks = 0;
    CHECK(poll_and_do(finder).empty());
    CHECK(fs.lists == 0);
    CHECK(fs.looks == 3);
    // A change within the tick of a clock that showed the time of the last listing is seen too.
    put_log(disk, "/data/t-1", 50);
    CHECK(poll_and_do(finder) == Names{"t-1/00000000000000000049"});
    CHECK(fs.lists == 1);
    CHECK(poll_and_do(finder).empty());
    CHECK(fs.lists == 2);
}

TEST_CASE("what failed comes again, later each time, and what was neither done nor failed at once") {
    CrashFs fs;
    put_log(fs, "/data/t-0", 0);
    put_log(fs, "/data/t-0", 1);
    SegmentFinder finder(fs, {});
    finder.add_directory("/data");
    CHECK(poll(finder).segments.size() == 1);
    std::vector<int> tried;
    for (int i = 0; i < 200; ++i) {
        for (const auto& segment : poll(finder).segments) {
            finder.failed(segment);
            tried.push_back(i);
        }
    }
    CHECK(tried == std::vector<int>{0, 2, 6, 14, 30, 62, 126, 190});
    for (int i = 0; i < 64; ++i) {
        for (const auto& segment : poll(finder).segments) {
            finder.done(segment);
        }
    }
    CHECK(poll(finder).segments.empty());
}

TEST_CASE("a directory that cannot be read is reported once, until it can") {
    CrashFs disk;
    CountingFs fs(disk);
    put_log(disk, "/data/t-0", 0);
    put_log(disk, "/data/t-0", 1);
    SegmentFinder finder(fs, {});
    finder.add_directory("/data");
    fs.refused = "/data/t-0";
    CHECK(poll(finder).errors.size() == 1);
    CHECK(poll(finder).errors.empty());
    fs.refused.clear();
    CHECK(poll_and_do(finder) == Names{"t-0/00000000000000000000"});
    fs.refused = "/data/t-0";
    put_log(disk, "/data/t-0", 2);
    CHECK(poll(finder).errors.size() == 1);
}
