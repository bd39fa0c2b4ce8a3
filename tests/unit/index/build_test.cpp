// SPDX-License-Identifier: Apache-2.0
#include "index/build.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/crc.hpp"
#include "support/index_tree.hpp"
#include "support/make_batch.hpp"

using namespace kseg;
using index::BuildOutcome;
using test::CrashFs;

namespace {

const std::string kLog = "/data/t-0/00000000000000000007.log";
const std::string kOut = "/made/out";
const std::string kIndex = kOut + "/t-0/00000000000000000007";

/// Two good batches of three records each, and a torn end.
std::string sample_log(std::uint64_t number = 1) {
    std::string log(test::make_batch(number, {.records = 3, .base_offset = 7}).text());
    log += test::make_batch(number + 1, {.records = 3, .base_offset = 10}).text();
    return log + "torn";
}

index::SealedSegment sample_segment() {
    return {.path = kLog, .partition = {.topic = "t", .partition = 0}, .base_offset = 7, .named = true};
}

Result<index::Built> build(CrashFs& fs, const index::BuildOptions& options = {},
                           const index::SealedSegment& segment = sample_segment()) {
    const auto indexes = index::PartitionIndexes::open(fs, kOut, segment.partition);
    return indexes ? (*indexes)->build(segment, options) : indexes.error();
}

BuildOutcome outcome(CrashFs& fs, const index::BuildOptions& options = {}) {
    const auto built = build(fs, options);
    REQUIRE(built);
    return built->outcome;
}

/// Names below the partition's directory, locks left out.
std::vector<std::string> names(CrashFs& fs) {
    std::vector<std::string> all;
    for (const auto& [name, files] : test::index_tree(fs, kOut)) {
        all.push_back(name);
    }
    return all;
}

const std::vector<std::string> kOnlyTheIndex{"t-0/00000000000000000007"};

}  // namespace

TEST_CASE("an index tells its log by relative path, size and checksum, gaps included") {
    CrashFs fs;
    fs.put(kLog, sample_log());
    const auto built = build(fs);
    REQUIRE(built);
    CHECK(built->outcome == BuildOutcome::made);
    CHECK(built->directory == kIndex);
    const index::Manifest& manifest = built->manifest;
    CHECK(manifest.topic == "t");
    CHECK(manifest.partition == 0);
    CHECK(manifest.base_offset == 7);
    CHECK(manifest.first_offset == 7);
    CHECK(manifest.last_offset == 12);
    CHECK(manifest.records == 6);
    CHECK(manifest.batches == 2);
    CHECK(manifest.damaged == 1);
    CHECK(manifest.log_path == "../../../../data/t-0/00000000000000000007.log");
    CHECK(manifest.log_size == sample_log().size());
    CHECK(manifest.log_crc32c == crc32c(as_bytes(sample_log())));
    CHECK(names(fs) == kOnlyTheIndex);
    // The manifest on the disk is the same, and names every other file.
    const auto tree = test::index_tree(fs, kOut);
    const auto& files = tree.begin()->second;
    const auto parsed = index::parse_manifest(as_bytes(files.at("manifest.json")), "manifest.json");
    REQUIRE(parsed);
    CHECK(*parsed == manifest);
    CHECK(files.size() == manifest.files.size() + 1);
}

TEST_CASE("what was made is durable, and the directories above it too") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CrashFs fs;
        fs.put(kLog, sample_log());
        REQUIRE(build(fs));
        const auto made = test::index_tree(fs, kOut);
        fs.crash(seed);
        CHECK(test::index_tree(fs, kOut) == made);
        CHECK(outcome(fs) == BuildOutcome::up_to_date);
    }
}

TEST_CASE("an index that is there is left alone, and the log is read once to know it") {
    CrashFs fs;
    fs.put(kLog, sample_log());
    REQUIRE(build(fs));
    const auto made = test::index_tree(fs, kOut);
    const auto modified = (*fs.info(kIndex))->modified_ns;
    fs.forget_reads();
    std::size_t read = 0;
    const auto again = build(fs, {.on_read = [&read](std::size_t bytes) { read += bytes; }});
    REQUIRE(again);
    CHECK(again->outcome == BuildOutcome::up_to_date);
    CHECK(again->manifest.records == 6);
    CHECK(fs.bytes_read(kLog) == sample_log().size());
    CHECK(read == sample_log().size());
    CHECK((*fs.info(kIndex))->modified_ns == modified);
    CHECK(test::index_tree(fs, kOut) == made);
}

TEST_CASE("an index that does not fit is replaced by what would be made without it") {
    CrashFs fresh;
    fresh.put(kLog, sample_log());
    REQUIRE(build(fresh));
    const auto wanted = test::index_tree(fresh, kOut);

    CrashFs fs;
    fs.put(kLog, sample_log());
    index::BuildOptions options;
    SUBCASE("it is of another log of the same size") {
        fs.put(kLog, sample_log(11));
        REQUIRE(sample_log(11).size() > sample_log().size() - 20);
        REQUIRE(build(fs));
        fs.put(kLog, sample_log());
    }
    SUBCASE("one byte of the log differs") {
        std::string other = sample_log();
        other.back() ^= 1;
        fs.put(kLog, other);
        REQUIRE(build(fs));
        fs.put(kLog, sample_log());
    }
    SUBCASE("it has other fields") {
        options.writer.fields.headers = false;
        REQUIRE(build(fs, options));
    }
    SUBCASE("it has JSON paths too") {
        options.writer.fields.json_paths = true;
        REQUIRE(build(fs, options));
    }
    SUBCASE("it knows the log by another path") {
        auto elsewhere = sample_segment();
        elsewhere.path = "/elsewhere/t-0/00000000000000000007.log";
        fs.put(elsewhere.path, sample_log());
        REQUIRE(build(fs, {}, elsewhere));
    }
    SUBCASE("a file of it is missing") {
        REQUIRE(build(fs));
        REQUIRE(fs.remove(kIndex + "/batches"));
    }
    SUBCASE("a file of it has another size") {
        REQUIRE(build(fs));
        fs.put(kIndex + "/batches", *fs.content(kIndex + "/batches") + "x");
    }
    SUBCASE("its manifest is missing") {
        REQUIRE(build(fs));
        REQUIRE(fs.remove(kIndex + "/manifest.json"));
    }
    SUBCASE("its manifest is damaged") {
        REQUIRE(build(fs));
        std::string manifest = *fs.content(kIndex + "/manifest.json");
        manifest[manifest.size() / 2] ^= 1;
        fs.put(kIndex + "/manifest.json", manifest);
    }
    SUBCASE("it holds a stray file and no manifest") {
        fs.put(kIndex + "/stray", "x");
    }
    CHECK(outcome(fs) == BuildOutcome::replaced);
    CHECK(test::index_tree(fs, kOut) == wanted);
    CHECK(outcome(fs) == BuildOutcome::up_to_date);
}

TEST_CASE("what an interrupted run left is removed, and nothing else") {
    CrashFs fs;
    fs.put(kLog, sample_log());
    fs.put(kOut + "/t-0/.tmp-00000000000000000007/manifest.json", "half");
    fs.put(kOut + "/t-0/.tmp-00000000000000000099/batches", "half");
    fs.put(kOut + "/t-0/.old-00000000000000000007/batches", "half");
    fs.put(kOut + "/t-0/.tmp-mine/file", "mine");
    fs.put(kOut + "/t-0/00000000000000000099/manifest.json", "another index");
    REQUIRE(build(fs));
    CHECK(names(fs) == std::vector<std::string>{"t-0/.tmp-mine", "t-0/00000000000000000007", "t-0/00000000000000000099"});
}

TEST_CASE("one process makes indexes of a partition, others of other partitions") {
    CrashFs fs;
    fs.put(kLog, sample_log());
    fs.put("/data/u-1/00000000000000000007.log", sample_log());
    const auto held = index::PartitionIndexes::open(fs, kOut, {.topic = "t", .partition = 0});
    REQUIRE(held);
    const auto refused = build(fs);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::exists);
    CHECK(refused.error().message() == "/made/out/t-0: another process makes indexes here");
    auto other = sample_segment();
    other.path = "/data/u-1/00000000000000000007.log";
    other.partition = {.topic = "u", .partition = 1};
    CHECK(build(fs, {}, other));
}

TEST_CASE("a log that changes while it is read gets no index, and an old one stays") {
    for (const bool had_one : {false, true}) {
        CAPTURE(had_one);
        CrashFs fs;
        fs.put(kLog, sample_log(3));
        if (had_one) {
            REQUIRE(build(fs));
        }
        const auto before = test::index_tree(fs, kOut);
        fs.put(kLog, sample_log());
        index::BuildOptions options;
        SUBCASE("it grows") {
            options.on_read = [&fs](std::size_t) {
                auto file = fs.open_writable(kLog);
                REQUIRE((*file)->write_at(*(*file)->size(), as_bytes("x")));
            };
        }
        SUBCASE("it is written to in place") {
            options.on_read = [&fs](std::size_t bytes) {
                if (bytes != 0) {
                    auto file = fs.open_writable(kLog);
                    REQUIRE((*file)->write_at(0, as_bytes(std::string(1, '\0'))));
                }
            };
        }
        SUBCASE("another file takes its name") {
            options.on_read = [&fs](std::size_t) { fs.put(kLog, sample_log()); };
        }
        const auto built = build(fs, options);
        REQUIRE_FALSE(built);
        CHECK(built.error().code == Errc::invalid);
        CHECK(built.error().file == kLog);
        CHECK(test::index_tree(fs, kOut) == before);
    }
}

TEST_CASE("a segment that is gone gets no index and is no error") {
    CrashFs fs;
    fs.put(kLog, sample_log());
    index::BuildOptions options;
    SUBCASE("before") {
        REQUIRE(fs.remove(kLog));
    }
    SUBCASE("meanwhile") {
        options.on_read = [&fs](std::size_t) { REQUIRE(fs.remove(kLog)); };
    }
    SUBCASE("while it is compared") {
        REQUIRE(build(fs));
        std::string other = sample_log();
        other.back() ^= 1;
        fs.put(kLog, other);
        options.on_read = [&fs](std::size_t) { REQUIRE(fs.remove(kLog)); };
        CHECK(outcome(fs, options) == BuildOutcome::gone);
        CHECK(names(fs) == kOnlyTheIndex);
        return;
    }
    CHECK(outcome(fs, options) == BuildOutcome::gone);
    CHECK(names(fs).empty());
}

TEST_CASE("an interrupt leaves nothing, or the index that was there") {
    for (const bool had_one : {false, true}) {
        for (int most = 0; most < 6; ++most) {
            CrashFs fs;
            fs.put(kLog, sample_log(3));
            if (had_one) {
                REQUIRE(build(fs));
            }
            const auto before = test::index_tree(fs, kOut);
            fs.put(kLog, sample_log());
            int asked = 0;
            const auto built = build(fs, {.stop = [&] { return ++asked > most; }});
            if (!built) {
                CHECK(built.error().code == Errc::cancelled);
                CHECK(test::index_tree(fs, kOut) == before);
            } else {
                CHECK(asked <= most);
            }
            CHECK((most != 0 || !built));
            CHECK(build(fs));
        }
    }
}

TEST_CASE("a file that has the name of an index is an error and stays") {
    CrashFs fs;
    fs.put(kLog, sample_log());
    fs.put(kIndex, "mine");
    const auto built = build(fs);
    REQUIRE_FALSE(built);
    CHECK(built.error().code == Errc::invalid);
    CHECK(fs.content(kIndex) == "mine");
}

TEST_CASE("a segment without a byte, and one without a batch, have indexes without records") {
    for (const std::string log : {"", "no batch at all"}) {
        CrashFs fs;
        fs.put(kLog, log);
        const auto built = build(fs);
        REQUIRE(built);
        CHECK(built->manifest.records == 0);
        CHECK_FALSE(built->manifest.first_offset);
        CHECK(built->manifest.damaged == (log.empty() ? 0 : 1));
        CHECK(outcome(fs) == BuildOutcome::up_to_date);
    }
}

TEST_CASE("damage is visited where it is") {
    CrashFs fs;
    std::string log = sample_log();
    const std::size_t second = test::make_batch(1, {.records = 3, .base_offset = 7}).size();
    log[log.size() - 5] ^= 1;  // the last byte of the second batch
    fs.put(kLog, log);
    REQUIRE(build(fs));
    std::vector<std::pair<std::uint64_t, index::RowKind>> seen;
    REQUIRE(index::for_each_damage(fs, kIndex, [&seen](const index::BatchRow& row) -> Result<bool> {
        seen.emplace_back(row.position, row.kind);
        return true;
    }));
    CHECK(seen == std::vector<std::pair<std::uint64_t, index::RowKind>>{{second, index::RowKind::bad_crc},
                                                                        {log.size() - 4, index::RowKind::gap}});
}
