// SPDX-License-Identifier: Apache-2.0
#include "store/archive_name.hpp"

#include <doctest/doctest.h>

#include <string>

namespace kseg::store {
namespace {

const std::string kPlain =
    "orders-eu.v1_x/3/00000000000000000042_00000000000000000999_1763000000000_1763000099999_1048576_"
    "1c291ca3.tar.gz";

TEST_CASE("an archive's name holds its topic, partition, offsets, times, size and checksum") {
    const ArchiveName name{.partition = {.topic = "orders-eu.v1_x", .partition = 3},
                           .base_offset = 42,
                           .last_offset = 999,
                           .first_timestamp = 1763000000000,
                           .last_timestamp = 1763000099999,
                           .size = 1048576,
                           .crc32c = 0x1c291ca3};
    CHECK(to_string(name) == kPlain);
    CHECK(parse_archive_name(kPlain) == name);
}

TEST_CASE("an archive's name may hold a topic id, times that are not known, and no last offset") {
    const std::string text = "t/0/00000000000000000000_none_none_none_1_00000001_lpFDTHz-Sa_HPQzxIdXMMQ.tar.zst";
    const auto name = parse_archive_name(text);
    REQUIRE(name);
    CHECK(name->last_offset == -1);
    CHECK_FALSE(name->first_timestamp);
    CHECK(name->topic_id == "lpFDTHz-Sa_HPQzxIdXMMQ");
    CHECK(name->format == archive::Format::tar_zst);
    CHECK(to_string(*name) == text);
}

TEST_CASE("times before 1970 keep their sign") {
    const std::string text = "t/0/00000000000000000000_00000000000000000000_-2_-1_1_00000001.tar.gz";
    const auto name = parse_archive_name(text);
    REQUIRE(name);
    CHECK(name->first_timestamp == -2);
    CHECK(name->last_timestamp == -1);
}

TEST_CASE("what is no archive's name, or one written otherwise, is none") {
    REQUIRE(parse_archive_name(kPlain));
    for (const std::string text : {
             "",
             "t",
             "t/0",
             "t/0/",
             "t/0/readme.tar.gz",
             "/0/00000000000000000042_00000000000000000999_1_2_3_1c291ca3.tar.gz",
             "t/-1/00000000000000000042_00000000000000000999_1_2_3_1c291ca3.tar.gz",
             "t/00/00000000000000000042_00000000000000000999_1_2_3_1c291ca3.tar.gz",
             "t/2147483648/00000000000000000042_00000000000000000999_1_2_3_1c291ca3.tar.gz",
             "t/0/42_00000000000000000999_1_2_3_1c291ca3.tar.gz",
             "t/0/00000000000000000042_999_1_2_3_1c291ca3.tar.gz",
             "t/0/00000000000000000042_00000000000000000040_1_2_3_1c291ca3.tar.gz",  // ends before it begins
             "t/0/99999999999999999999_99999999999999999999_1_2_3_1c291ca3.tar.gz",  // beyond 64 bits
             "t/0/00000000000000000042_09223372036854775807_1_2_3_1c291ca3.tar.gz",  // nothing can follow it
             "t/0/00000000000000000042_00000000000000000999_1_none_3_1c291ca3.tar.gz",
             "t/0/00000000000000000042_00000000000000000999_1_2_3_1C291CA3.tar.gz",
             "t/0/00000000000000000042_00000000000000000999_1_2_3_1c291ca.tar.gz",
             "t/0/00000000000000000042_00000000000000000999_1_2_03_1c291ca3.tar.gz",
             "t/0/00000000000000000042_00000000000000000999_1_2_3_1c291ca3.tar",
             "t/0/00000000000000000042_00000000000000000999_1_2_3_1c291ca3.tar.gz.tmp",
             "t/0/00000000000000000042_00000000000000000999_1_2_3_1c291ca3_short.tar.gz",
             "t/0/00000000000000000042_00000000000000000999_1_2_3_1c291ca3_lpFDTHz-Sa/HPQzxIdXMMQ.tar.gz",
             "t/0/00000000000000000042_00000000000000000999_1_2_3_1c291ca3_AAAAAAAAAAAAAAAAAAAAAA.tar.gz",  // no topic's
             "a/t/0/00000000000000000042_00000000000000000999_1_2_3_1c291ca3.tar.gz",
         }) {
        CAPTURE(text);
        CHECK_FALSE(parse_archive_name(text));
    }
}

}  // namespace
}  // namespace kseg::store
