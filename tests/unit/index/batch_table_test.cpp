// SPDX-License-Identifier: Apache-2.0
#include "index/batch_table.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>

#include "support/hex.hpp"
#include "support/memory_file.hpp"
#include "support/table_rows.hpp"

namespace {

using namespace kseg;
using index::BatchRow;
using index::BatchTable;
using index::RowBounds;
using index::RowKind;

/// The rows of the example of kseg-index.5.
std::vector<BatchRow> example_rows() {
    return {{.attributes = 0x10,
             .position = 0,
             .size = 110,
             .crc = 0x52a92c77,
             .base_offset = 100,
             .last_offset = 101,
             .leader_epoch = 0,
             .producer_id = 1001,
             .producer_epoch = 1,
             .base_sequence = 0,
             .min_timestamp = 1700000000010,
             .max_timestamp = 1700000000011,
             .records = 2},
            {.kind = RowKind::gap, .position = 110, .size = 40, .base_offset = 102, .last_offset = 102, .first_ordinal = 2},
            {.attributes = 0x10,
             .position = 150,
             .size = 110,
             .crc = 0x3f2b91c4,
             .base_offset = 103,
             .last_offset = 104,
             .leader_epoch = 0,
             .producer_id = 1001,
             .producer_epoch = 1,
             .base_sequence = 2,
             .min_timestamp = 1700000000020,
             .max_timestamp = 1700000000020,
             .first_ordinal = 2,
             .records = 2}};
}

Result<BatchTable> open(const ByteBuffer& table, test::ReadCounts* counts = nullptr) {
    return BatchTable::open(test::memory_file(table.bytes(), counts), "batches");
}

std::vector<BatchRow> scan(const BatchTable& table, const RowBounds& bounds) {
    std::vector<BatchRow> rows;
    const auto scanned = table.scan(bounds, [&rows](const BatchRow& row) -> Result<bool> {
        rows.push_back(row);
        return true;
    });
    REQUIRE(scanned);
    return rows;
}

/// What the interface says of a row and bounds, one ordinal and one bound after another.
bool is_wanted(const RowBounds& bounds, const BatchRow& row) {
    constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
    if (row.last_offset < bounds.first_offset || (bounds.end_offset != kLargest && row.base_offset >= bounds.end_offset)) {
        return false;
    }
    const bool damaged = row.kind != RowKind::batch || row.body_problem;
    if (!damaged &&
        ((bounds.since && row.max_timestamp < *bounds.since) || (bounds.until && row.min_timestamp >= *bounds.until))) {
        return false;
    }
    bool has_record = bounds.records == nullptr || damaged;
    for (std::uint32_t i = 0; i < row.records && !has_record; ++i) {
        has_record = bounds.records->has(row.first_ordinal + i);
    }
    return has_record;
}

/// Bounds at, and next to, values that rows have, as well as anywhere.
RowBounds any_bounds(std::mt19937_64& random, const std::vector<BatchRow>& rows) {
    const auto near = [&](std::int64_t BatchRow::*field) -> std::int64_t {
        const std::int64_t value = random() % 4 == 0 || rows.empty() ? test::any_number<std::int64_t>(random)
                                                                     : rows[random() % rows.size()].*field;
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) + random() % 3 - 1);
    };
    RowBounds bounds;
    if (random() % 3 != 0) {
        bounds.first_offset = near(random() % 2 == 0 ? &BatchRow::base_offset : &BatchRow::last_offset);
    }
    if (random() % 3 != 0) {
        bounds.end_offset = near(random() % 2 == 0 ? &BatchRow::base_offset : &BatchRow::last_offset);
    }
    if (random() % 2 == 0) {
        bounds.since = near(random() % 2 == 0 ? &BatchRow::min_timestamp : &BatchRow::max_timestamp);
    }
    if (random() % 2 == 0) {
        bounds.until = near(random() % 2 == 0 ? &BatchRow::min_timestamp : &BatchRow::max_timestamp);
    }
    return bounds;
}

index::RecordSet any_set(std::mt19937_64& random, index::Ordinal records) {
    index::RecordSet set(records);
    const std::uint64_t sparse = std::uint64_t{1} << (random() % 12);
    for (index::Ordinal i = 0; i < records; ++i) {
        if (random() % sparse == 0 && random() % 2 == 0) {
            set.add(i);
        }
    }
    return set;
}

void compare_with_filter(std::mt19937_64& random, const std::vector<BatchRow>& rows) {
    const auto table = open(test::table_of(rows));
    REQUIRE(table);
    REQUIRE(table->rows() == rows.size());
    REQUIRE(scan(*table, {}) == rows);
    for (int i = 0; i < 40; ++i) {
        RowBounds bounds = any_bounds(random, rows);
        const index::RecordSet set = any_set(random, table->records());
        if (random() % 2 == 0) {
            bounds.records = &set;
        }
        std::vector<BatchRow> expected;
        std::copy_if(rows.begin(), rows.end(), std::back_inserter(expected),
                     [&bounds](const BatchRow& row) { return is_wanted(bounds, row); });
        REQUIRE(scan(*table, bounds) == expected);
    }
}

}  // namespace

TEST_CASE("the example of the manual page is written and read") {
    const ByteBuffer golden = test::read_data("kseg-index.5.batches.bin");
    CHECK(test::table_of(example_rows()).text() == golden.text());
    const auto rows = test::rows_of(golden.bytes());
    REQUIRE(rows);
    CHECK(*rows == example_rows());
}

TEST_CASE("a table without rows is a footer") {
    const ByteBuffer golden = test::from_hex(
        "4b 53 45 47 42 54 41 42  00 00 00 01"  // KSEGBTAB, version 1
        "00 00 00 00"                           // blocks
        "00 00 00 00 00 00 00 00"               // rows
        "00 00 00 00"                           // records
        "00 00 00 00"                           // CRC-32C of a directory of no bytes
        "76 2a 70 c9");                         // CRC-32C of the above
    CHECK(index::BatchTableWriter().finish().text() == golden.text());
    const auto table = open(golden);
    REQUIRE(table);
    CHECK(table->rows() == 0);
    CHECK(table->records() == 0);
    CHECK(scan(*table, {}).empty());
    CHECK(table->sample(8)->empty());
}

TEST_CASE("what no row before lets expect is stored, to the ends of each range") {
    // By the tables of kseg-index.5: a batch of magic 1, whose fields are the least and the largest of their types.
    const std::vector<BatchRow> rows{{.kind = RowKind::batch,
                                      .body_problem = true,
                                      .magic = -128,
                                      .attributes = 0xffff,
                                      .position = 5,
                                      .size = 1,
                                      .crc = 0xffffffff,
                                      .base_offset = std::numeric_limits<std::int64_t>::max(),
                                      .last_offset = std::numeric_limits<std::int64_t>::min(),
                                      .leader_epoch = std::numeric_limits<std::int32_t>::min(),
                                      .producer_id = std::numeric_limits<std::int64_t>::min(),
                                      .producer_epoch = std::numeric_limits<std::int16_t>::min(),
                                      .base_sequence = std::numeric_limits<std::int32_t>::max(),
                                      .min_timestamp = std::numeric_limits<TimestampMs>::min(),
                                      .max_timestamp = std::numeric_limits<TimestampMs>::max(),
                                      .records = 1}};
    const ByteBuffer table = test::table_of(rows);
    const ByteBuffer block = test::from_hex(
        "ef 1f"                          // mask: 0-3, 5-7; 8-12
        "ff ff ff ff"                    // crc
        "0a 02 02"                       // position 0 + 5, size 0 + 1, records 0 + 1
        "08"                             // kind 0 + 4
        "83 02"                          // magic 2 - 130
        "fe ff 07"                       // attributes 0 + 65535
        "fd ff ff ff 0f"                 // leader_epoch -1 - 2147483647
        "fe ff ff ff ff ff ff ff ff 01"  // base_offset 0 + 2^63 - 1
        "02"                             // last_offset 2^63 - 1 + 1, which is -2^63
        "fd ff ff ff ff ff ff ff ff 01"  // min_timestamp -1 - (2^63 - 1)
        "01"                             // max_timestamp -2^63 - 1, which is 2^63 - 1
        "fd ff ff ff ff ff ff ff ff 01"  // producer_id -1 - (2^63 - 1)
        "fd ff 03"                       // producer_epoch -1 - 32767
        "80 80 80 80 10");               // base_sequence -1 + 2147483648
    REQUIRE(table.size() > block.size());
    CHECK(table.text().substr(0, block.size()) == block.text());
    CHECK(*test::rows_of(table.bytes()) == rows);
}

TEST_CASE("a sequence goes on behind the last row of the same producer, and from 2^31 - 1 with 0") {
    std::vector<BatchRow> rows(4);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].position = i;
        rows[i].size = 1;
        rows[i].base_offset = static_cast<std::int64_t>(i) * 10;
        rows[i].last_offset = rows[i].base_offset + 9;
        rows[i].producer_id = i % 2 == 0 ? 7 : 8;
        rows[i].producer_epoch = 0;
        rows[i].base_sequence = i < 2 ? 2147483640 : 2;  // 2147483640 + 10 = 2^31 + 2
        rows[i].min_timestamp = rows[i].max_timestamp = -1;
    }
    const ByteBuffer table = test::table_of(rows);
    // The last two rows: producer_row 2 back, size and min_timestamp as before, last_offset beside its records, nothing
    // else.
    const ByteBuffer row = test::from_hex("14 00 00 00 00 01 00 00 14 00");
    CHECK(table.text().substr(*test::directory_at(table.bytes()) - 20, 20) ==
          std::string(row.text()) + std::string(row.text()));
    CHECK(*test::rows_of(table.bytes()) == rows);
}

TEST_CASE("a scan finds the rows that a filter over all rows finds") {
    std::mt19937_64 random(1);
    for (const std::size_t count : {0U, 1U, 2U, 255U, 256U, 257U, 700U}) {
        CAPTURE(count);
        for (int i = 0; i < 6; ++i) {
            compare_with_filter(random, test::usual_rows(random, count, static_cast<std::size_t>(i)));
            compare_with_filter(random, test::any_rows(random, count));
        }
    }
}

TEST_CASE("a scan of damaged and unordered rows finds what a filter finds") {
    std::mt19937_64 random(2);
    for (int i = 0; i < 30; ++i) {
        std::vector<BatchRow> rows = test::usual_rows(random, 300 + random() % 300, 3);
        for (BatchRow& row : rows) {
            if (random() % 60 == 0) {
                row.min_timestamp = row.max_timestamp = static_cast<TimestampMs>(random() % 2000) - 1000;
            }
            if (random() % 100 == 0) {
                row.base_offset -= 5000;
                row.last_offset -= 5000;
            }
            if (random() % 200 == 0) {
                row.body_problem = true;
            }
        }
        index::Ordinal ordinal = 0;
        for (BatchRow& row : rows) {
            if (random() % 150 == 0) {
                row = {.kind = random() % 2 == 0 ? RowKind::gap : RowKind::bad_crc,
                       .position = row.position,
                       .size = row.size,
                       .base_offset = row.base_offset,
                       .last_offset = row.base_offset - 1 + static_cast<std::int64_t>(random() % 2)};
            }
            row.first_ordinal = ordinal;
            ordinal += row.records;
        }
        compare_with_filter(random, rows);
    }
}

TEST_CASE("a gap without a missing offset is between what is on its sides") {
    std::vector<BatchRow> rows = example_rows();
    rows[1].base_offset = 102;
    rows[1].last_offset = 101;
    const auto table = open(test::table_of(rows));
    const auto has_gap = [&](std::int64_t first, std::int64_t end) {
        const auto found = scan(*table, {.first_offset = first, .end_offset = end});
        return std::any_of(found.begin(), found.end(), [](const BatchRow& row) { return row.kind == RowKind::gap; });
    };
    CHECK(has_gap(0, 200));
    CHECK(has_gap(101, 103));
    CHECK_FALSE(has_gap(0, 102));
    CHECK_FALSE(has_gap(102, 200));
}

TEST_CASE("opening reads footer and directory, a look-up one block") {
    std::mt19937_64 random(3);
    const std::vector<BatchRow> rows = test::usual_rows(random, 40 * 256 + 7, 5);
    test::ReadCounts counts;
    const auto table = open(test::table_of(rows), &counts);
    REQUIRE(table);
    CHECK(counts.reads == 2);
    CHECK(counts.bytes == 36 + 41 * 48);
    for (int i = 0; i < 100; ++i) {
        const BatchRow& row = rows[random() % rows.size()];
        counts = {};
        const auto found = scan(*table, {.first_offset = row.base_offset, .end_offset = row.last_offset + 1});
        CHECK(found == std::vector{row});
        CHECK(counts.reads == 1);
        CHECK(counts.bytes < 256 * 25);
    }
}

TEST_CASE("usual batches take 10 to 13 bytes each") {
    std::mt19937_64 random(4);
    for (const std::size_t producers : {0U, 1U, 20U}) {
        CAPTURE(producers);
        const std::size_t bytes = test::table_of(test::usual_rows(random, 10240, producers)).size();
        CHECK(bytes >= 10 * 10240);
        CHECK(bytes <= 13 * 10240);
    }
}

TEST_CASE("a visit ends the scan by false or by an error") {
    std::mt19937_64 random(5);
    const auto table = open(test::table_of(test::usual_rows(random, 600, 1)));
    int visits = 0;
    CHECK(table->scan({}, [&visits](const BatchRow& /*row*/) -> Result<bool> { return ++visits < 300; }));
    CHECK(visits == 300);
    const auto scanned = table->scan(
        {}, [](const BatchRow& /*row*/) -> Result<bool> { return Error{.code = Errc::cancelled, .what = "enough"}; });
    REQUIRE_FALSE(scanned);
    CHECK(scanned.error().code == Errc::cancelled);
}

TEST_CASE("samples are batches from the first row to the last") {
    std::mt19937_64 random(6);
    for (const std::size_t count : {1U, 2U, 7U, 8U, 9U, 256U, 257U, 5000U}) {
        CAPTURE(count);
        std::vector<BatchRow> rows = test::usual_rows(random, count, 1);
        const auto table = open(test::table_of(rows));
        const auto sampled = table->sample(8);
        REQUIRE(sampled);
        CHECK(sampled->size() == std::min<std::size_t>(count, 8));
        CHECK(sampled->front() == rows.front());
        CHECK(sampled->back() == rows.back());
        for (std::size_t i = 1; i < sampled->size(); ++i) {
            const std::uint64_t step = (*sampled)[i].position - (*sampled)[i - 1].position;
            CHECK(step > 0);
            CHECK(step <= (rows.back().position / std::min<std::size_t>(count - 1, 7)) * 2 + 16000);
        }
    }
    std::vector<BatchRow> gaps(300, BatchRow{.kind = RowKind::gap});
    CHECK(open(test::table_of(gaps))->sample(8)->empty());
    gaps[299] = {};
    CHECK(open(test::table_of(gaps))->sample(8)->size() == 1);
}

TEST_CASE("a table holds no more records than Lucene has numbers for documents") {
    index::BatchTableWriter writer;
    BatchRow row{.size = 1, .records = 2147483646};
    REQUIRE(writer.add(row));
    row = {.position = 1, .size = 1, .first_ordinal = 2147483646, .records = 1};
    const auto added = writer.add(row);
    REQUIRE_FALSE(added);
    CHECK(added.error().code == Errc::unsupported);
    row.records = 0;
    CHECK(writer.add(row));
    CHECK(test::rows_of(writer.finish().bytes())->size() == 2);
}
