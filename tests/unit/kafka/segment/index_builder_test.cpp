// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/index_builder.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/segment/log_dir.hpp"

using namespace kseg;
namespace fs = std::filesystem;

namespace {

std::string all_of(const fs::path& path) {
    const auto bytes = io::read_small_file(path.string(), std::uint64_t{1} << 30);
    REQUIRE(bytes);
    return std::string(bytes->text());
}

}  // namespace

TEST_CASE("index files built from a segment are those that Kafka wrote beside it") {
    int compared = 0;
    for (const auto& entry : fs::recursive_directory_iterator(KSEG_TEST_DATA)) {
        const fs::path log = entry.path();
        const auto base_offset = segment::parse_segment_name(log.filename().string());
        fs::path offset_index = log;
        fs::path time_index = log;
        offset_index.replace_extension(".index");
        time_index.replace_extension(".timeindex");
        if (!base_offset || !fs::exists(offset_index) || !fs::exists(time_index)) {
            continue;
        }
        CAPTURE(log.string());
        const auto file = io::File::open(log.string());
        REQUIRE(file);
        const auto source = io::source_of(*file, 0);
        io::Window window(*source, {});
        segment::SegmentCursor cursor(window, {});
        segment::IndexBuilder builder(*base_offset);
        for (;;) {
            const auto item = cursor.next();
            REQUIRE(item);
            if (item->outcome != segment::Outcome::batch) {
                break;
            }
            REQUIRE(builder.add({.position = item->position,

                                 .last_offset = item->batch.header().last_offset(),
                                 .max_timestamp = item->batch.header().max_timestamp}));
        }
        builder.finish();
        CHECK(builder.offset_index().size() == fs::file_size(offset_index));
        CHECK(as_text(builder.offset_index()) == all_of(offset_index));
        CHECK(as_text(builder.time_index()) == all_of(time_index));
        ++compared;
    }
    CHECK(compared >= 25);
}

TEST_CASE("a batch too far from the segment's beginning has no place in an index") {
    segment::IndexBuilder builder(1000);
    const std::int64_t far = 1000 + (std::int64_t{1} << 31);
    CHECK_FALSE(builder.add({.position = {}, .last_offset = 999}));
    CHECK_FALSE(builder.add({.position = {}, .last_offset = far}));
    CHECK_FALSE(builder.add({.position = {std::uint64_t{1} << 31}, .last_offset = 1000}));
    CHECK(builder.add({.position = {(std::uint64_t{1} << 31) - 1}, .last_offset = far - 1}));
    CHECK(builder.offset_index().size() == 8);
    CHECK(builder.time_index().empty());
}
