// SPDX-License-Identifier: Apache-2.0
#include "wal/chronik_files.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace kseg;

TEST_CASE("names of WAL files are told from others") {
    for (const char* const name : {"wal_0_0.log", "wal_12_9.log", "wal_0_18446744073709551615.log"}) {
        CHECK(wal::is_chronik_name(name));
    }
    for (const char* const name : {"wal_0.log", "wal__0.log", "wal_0_.log", "wal_-1_0.log", "wal_0_-1.log",
                                   "wal_0_0.log.bak", "wal_a_0.log", "wal_0_0", "00000000000000000000.log", "wal_.log", "",
                                   "wal_99999999999_0.log", "wal_0_18446744073709551616.log"}) {
        CAPTURE(name);
        CHECK_FALSE(wal::is_chronik_name(name));
    }
}

TEST_CASE("topic and partition are those of the directories, where the name agrees") {
    CHECK(wal::chronik_partition_of("/x/wal/pay-ments.v1/3/wal_3_9.log") ==
          segment::PartitionName{.topic = "pay-ments.v1", .partition = 3});
    CHECK_FALSE(wal::chronik_partition_of("/x/wal/orders/3/wal_4_9.log"));
    CHECK_FALSE(wal::chronik_partition_of("/x/wal/orders/three/wal_3_9.log"));
    CHECK_FALSE(wal::chronik_partition_of("/x/wal/orders/3/00000000000000000000.log"));
    CHECK_FALSE(wal::chronik_partition_of("/wal_3_9.log"));
}

TEST_CASE("the files below a directory come by topic, partition and number") {
    const std::string root = std::string(KSEG_TEST_DATA) + "/chronik/v2-topics/wal";
    const auto all = wal::list_chronik_files(root);
    REQUIRE(all);
    std::vector<std::string> names;
    std::vector<bool> last;
    for (const wal::ChronikFile& file : *all) {
        names.push_back(file.path.substr(root.size() + 1));
        last.push_back(file.last);
        CHECK(file.size > 0);
    }
    CHECK(names == std::vector<std::string>{"orders/0/wal_0_0.log", "orders/3/wal_3_0.log", "orders/12/wal_12_9.log",
                                            "orders/12/wal_12_10.log", "pay-ments.v1_eu/0/wal_0_0.log"});
    CHECK(last == std::vector<bool>{true, true, false, true, true});
    const auto one = wal::list_chronik_files(root + "/orders/12");
    REQUIRE(one);
    CHECK(one->size() == 2);
    CHECK_FALSE(wal::list_chronik_files(root + "/nowhere"));
}
