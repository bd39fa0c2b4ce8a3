// SPDX-License-Identifier: Apache-2.0
#include "store/listing.hpp"

#include <doctest/doctest.h>

#include "support/crash_fs.hpp"

using namespace kseg;
using store::Segment;
using test::CrashFs;

namespace {

/// The partitions of all topics.
Result<std::vector<segment::PartitionName>> all_partitions(io::Fs& fs, const store::Places& places) {
    std::vector<segment::PartitionName> all;
    const auto topics = store::list_topics(fs, places);
    if (!topics) {
        return topics.error();
    }
    for (const std::string& topic : *topics) {
        const auto of_topic = store::list_partitions(fs, places, topic);
        REQUIRE(of_topic);
        all.insert(all.end(), of_topic->begin(), of_topic->end());
    }
    return all;
}

std::vector<std::string> names_of(const std::vector<segment::PartitionName>& partitions) {
    std::vector<std::string> names;
    for (const auto& partition : partitions) {
        names.push_back(partition.topic + "/" + std::to_string(partition.partition));
    }
    return names;
}

}  // namespace

TEST_CASE("partitions of both places are listed once, by topic and number") {
    CrashFs fs;
    for (const char* directory : {"/store/b-2", "/store/b-10", "/store/a-b-0", "/wal/b-2", "/wal/c-0"}) {
        REQUIRE(fs.make_directories(directory));
    }
    const auto both = all_partitions(fs, {.store = "/store", .wal = "/wal"});
    REQUIRE(both);
    CHECK(names_of(*both) == std::vector<std::string>{"a-b/0", "b/2", "b/10", "c/0"});
    const auto one = all_partitions(fs, {.store = {}, .wal = "/wal"});
    REQUIRE(one);
    CHECK(names_of(*one) == std::vector<std::string>{"b/2", "c/0"});
}

TEST_CASE("what is no partition's directory is passed over") {
    CrashFs fs;
    for (const char* directory :
         {"/store/.work-0", "/store/plain", "/store/t-x", "/store/t-07", "/wal/.t-0",
          "/wal/t-0.0123456789abcdef0123456789abcdef-delete", "/wal/t-1.0123456789abcdef0123456789abcdef-future"}) {
        REQUIRE(fs.make_directories(directory));
    }
    const auto found = all_partitions(fs, {.store = "/store", .wal = "/wal"});
    REQUIRE(found);
    // A topic's name may begin with a dot.
    CHECK(names_of(*found) == std::vector<std::string>{".t/0"});
}

TEST_CASE("a place that is not there is an error") {
    CrashFs fs;
    REQUIRE(fs.make_directories("/wal"));
    CHECK(!all_partitions(fs, {.store = "/store", .wal = "/wal"}));
}

TEST_CASE("segments are those of 20 digits, an index without an extension, a log with one") {
    CrashFs fs;
    for (const char* directory : {"/store/t-0/00000000000000000000", "/store/t-0/00000000000000000100",
                                  "/store/t-0/.00000000000000000200", "/store/t-0/300"}) {
        REQUIRE(fs.make_directories(directory));
    }
    for (const char* file : {"00000000000000000100.log", "00000000000000000100.index", "00000000000000000250.log",
                             "00000000000000000400.log.deleted", "leader-epoch-checkpoint"}) {
        fs.put(std::string("/wal/t-0/") + file, "");
    }
    fs.forget_reads();
    const auto listing = store::list_segments(fs, {.store = "/store", .wal = "/wal"}, {.topic = "t", .partition = 0});
    REQUIRE(listing);
    CHECK(listing->indexes ==
          std::vector<Segment>{{.base_offset = 0, .next_base = 100, .end_offset = 100, .likely_end = 100},
                               {.base_offset = 100, .likely_end = 250}});
    CHECK(listing->logs ==
          std::vector<Segment>{{.base_offset = 100, .next_base = 250, .end_offset = 250, .likely_end = 250},
                               {.base_offset = 250}});
    CHECK(listing->index_path(100) == "/store/t-0/00000000000000000100");
    CHECK(listing->log_path(250) == "/wal/t-0/00000000000000000250.log");
}

TEST_CASE("a partition that one place lacks, or that is a file there, has no segments in it") {
    CrashFs fs;
    REQUIRE(fs.make_directories("/store"));
    fs.put("/wal/t-0", "no directory");
    const auto listing = store::list_segments(fs, {.store = "/store", .wal = "/wal"}, {.topic = "t", .partition = 0});
    REQUIRE(listing);
    CHECK(listing->indexes.empty());
    CHECK(listing->logs.empty());
}
