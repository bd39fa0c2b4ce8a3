// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/log_dir.hpp"

#include <doctest/doctest.h>

using namespace kseg;
using segment::parse_partition_name;
using segment::PartitionName;

TEST_CASE("a partition is what follows the last hyphen") {
    CHECK(parse_partition_name("orders-0") == PartitionName{"orders", 0});
    CHECK(parse_partition_name("orders-eu.v2_x-12") == PartitionName{"orders-eu.v2_x", 12});
    CHECK(parse_partition_name("__consumer_offsets-49") == PartitionName{"__consumer_offsets", 49});
    CHECK(parse_partition_name("a--1") == PartitionName{"a-", 1});
    CHECK(parse_partition_name("orders-3.0123456789abcdef0123456789abcdef-delete") == PartitionName{"orders", 3});
    for (const char* const bad :
         {"orders", "orders-", "-1", "orders-x", "orders-1x", "orders-4294967301", "or ders-1", "..-1", ""}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_partition_name(bad));
    }
}

TEST_CASE("directories that Kafka has set aside are known by their ending") {
    CHECK(segment::is_set_aside("t-0.0123456789abcdef0123456789abcdef-delete"));
    CHECK(segment::is_set_aside("t-0.0123456789abcdef0123456789abcdef-future"));
    CHECK(segment::is_set_aside("t-0.0123456789abcdef0123456789abcdef-stray"));
    CHECK_FALSE(segment::is_set_aside("t-delete-0"));
}

TEST_CASE("a segment's name is twenty digits") {
    CHECK(segment::parse_segment_name("00000000000000000042.log") == 42);
    CHECK(segment::parse_segment_name("09223372036854775807.log") == 9223372036854775807);
    CHECK_FALSE(segment::parse_segment_name("09223372036854775808.log"));
    CHECK_FALSE(segment::parse_segment_name("0000000000000000042.log"));
    CHECK_FALSE(segment::parse_segment_name("00000000000000000042.log.deleted"));
    CHECK_FALSE(segment::parse_segment_name("-0000000000000000042.log"));
    CHECK(segment::parse_segment_name("00000000000000000042.index", ".index") == 42);
}
