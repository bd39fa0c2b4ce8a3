// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/side_files.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/hex.hpp"

using namespace kseg;
using segment::SideFile;
using test::from_hex;
using test::read_data;

namespace {

struct Rows {
    std::vector<std::string> lines;
    Result<void> result;
};

Rows rows_of(SideFile kind, Bytes bytes, std::int64_t base_offset = 0) {
    Rows rows;
    rows.result = segment::read_rows(kind, bytes, base_offset, [&](std::span<const segment::RowField> row) {
        std::string line;
        for (const segment::RowField& field : row) {
            line += line.empty() ? "" : " ";
            line += std::string(field.name) + "=";
            const auto* number = std::get_if<std::int64_t>(&field.value);
            line += number != nullptr ? std::to_string(*number) : std::get<std::string>(field.value);
        }
        rows.lines.push_back(line);
    });
    return rows;
}

}  // namespace

TEST_CASE("names tell what a file is") {
    CHECK(segment::side_file_of("00000000000000000042.index") == SideFile::offset_index);
    CHECK(segment::side_file_of("00000000000000000042.timeindex") == SideFile::time_index);
    CHECK(segment::side_file_of("00000000000000000042.txnindex") == SideFile::txn_index);
    CHECK(segment::side_file_of("00000000000000000042.snapshot") == SideFile::snapshot);
    CHECK(segment::side_file_of("leader-epoch-checkpoint") == SideFile::leader_epochs);
    CHECK(segment::side_file_of("log-start-offset-checkpoint") == SideFile::partition_offsets);
    CHECK(segment::side_file_of("partition.metadata") == SideFile::properties);
    CHECK_FALSE(segment::side_file_of("00000000000000000042.log"));
    CHECK_FALSE(segment::side_file_of("0042.index"));
    CHECK_FALSE(segment::side_file_of("index"));
}

TEST_CASE("an offset index gives absolute offsets, and its padding is no entry") {
    // Relative last offset i32, position i32 (FORMATS of the log directory).
    const ByteBuffer padded =
        from_hex("00 00 00 63 00 00 10 00  00 00 00 c8 00 00 30 39  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
    const Rows rows = rows_of(SideFile::offset_index, padded.bytes(), 1000);
    CHECK(rows.result);
    CHECK(rows.lines == std::vector<std::string>{"offset=1099 position=4096", "offset=1200 position=12345"});
}

TEST_CASE("entries that do not rise, are negative or are cut are damage, behind the good ones") {
    for (const char* const bad : {"00 00 00 63 00 00 20 00", "00 00 00 64 00 00 10 00", "ff ff ff ff 00 00 30 00",
                                  "00 00 00 70 80 00 00 01", "00 00 01"}) {
        CAPTURE(bad);
        const ByteBuffer bytes = from_hex(std::string("00 00 00 63 00 00 10 00") + bad);
        const Rows rows = rows_of(SideFile::offset_index, bytes.bytes());
        CHECK(rows.lines.size() == 1);
        REQUIRE_FALSE(rows.result);
        CHECK(rows.result.error().at == 8);
    }
}

TEST_CASE("a producer snapshot that Kafka wrote gives its rows") {
    // By hand from the hex of v2-idempotent's snapshot: producers 7 (epoch 1) and 8 (epoch 3).
    const ByteBuffer bytes = read_data("corpus/v2-idempotent/00000000000000000019.snapshot");
    const Rows rows = rows_of(SideFile::snapshot, bytes.bytes());
    CHECK(rows.result);
    REQUIRE(rows.lines.size() == 2);
    CHECK(rows.lines[0] ==
          "producer_id=7 producer_epoch=1 last_sequence=0 last_offset=18 offset_delta=0 timestamp=1700000000000 "
          "coordinator_epoch=-1 "
          "current_txn_first_offset=-1");
    CHECK(rows.lines[1] ==
          "producer_id=8 producer_epoch=3 last_sequence=3 last_offset=17 offset_delta=0 timestamp=1700000000000 "
          "coordinator_epoch=-1 "
          "current_txn_first_offset=-1");
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        ByteBuffer bad(bytes.bytes());
        bad.data()[at] ^= std::byte{1};
        CHECK_FALSE(rows_of(SideFile::snapshot, bad.bytes()).result);
        CHECK_FALSE(rows_of(SideFile::snapshot, bytes.bytes().first(at)).result);
    }
}

TEST_CASE("a transaction index that Kafka wrote gives its rows") {
    const ByteBuffer bytes = read_data("corpus/v2-txn-none/00000000000000000100.txnindex");
    const Rows rows = rows_of(SideFile::txn_index, bytes.bytes());
    CHECK(rows.result);
    REQUIRE_FALSE(rows.lines.empty());
    CHECK(rows.lines[0] == "version=0 producer_id=1002 first_offset=103 last_offset=120 last_stable_offset=101");
    CHECK(rows.lines.size() == bytes.size() / 34);
}

TEST_CASE("checkpoints are read line by line") {
    const auto text = [](std::string_view all) { return as_bytes(all); };
    CHECK(rows_of(SideFile::leader_epochs, text("0\n2\n0 0\n5 1234\n")).lines ==
          std::vector<std::string>{"epoch=0 start_offset=0", "epoch=5 start_offset=1234"});
    CHECK(rows_of(SideFile::partition_offsets, text("0\n1\norders-eu 3 99\n")).lines ==
          std::vector<std::string>{"topic=orders-eu partition=3 offset=99"});
    CHECK(rows_of(SideFile::properties, text("#comment\nversion: 0\ntopic_id: abc\n")).lines ==
          std::vector<std::string>{"version=0 topic_id=abc"});
    CHECK_FALSE(rows_of(SideFile::leader_epochs, text("0\n3\n0 0\n5 1234\n")).result);
    CHECK_FALSE(rows_of(SideFile::leader_epochs, text("1\n0\n")).result);
    CHECK_FALSE(rows_of(SideFile::leader_epochs, text("0\n1\n0 x\n")).result);
    CHECK_FALSE(rows_of(SideFile::leader_epochs, text("")).result);
}
