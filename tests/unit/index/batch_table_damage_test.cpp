// SPDX-License-Identifier: Apache-2.0
// Batch tables that are not what was written: refused, never answered from.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

#include "index/batch_rows.hpp"
#include "index/batch_table.hpp"
#include "support/hex.hpp"
#include "support/memory_file.hpp"
#include "support/table_rows.hpp"

namespace {

using namespace kseg;
using index::BatchRow;
using index::BatchTable;

/// Two blocks, with gaps and damage.
ByteBuffer small_table() {
    std::mt19937_64 random(11);
    std::vector<BatchRow> rows = test::usual_rows(random, 300, 3);
    rows[7].body_problem = true;
    for (std::size_t i = 100; i < rows.size(); ++i) {
        rows[i].first_ordinal -= rows[99].records;
    }
    rows[99] = {.kind = index::RowKind::gap,
                .position = rows[99].position,
                .size = rows[99].size,
                .base_offset = rows[99].base_offset,
                .last_offset = rows[99].last_offset,
                .first_ordinal = rows[99].first_ordinal};
    return test::table_of(rows);
}

/// Whether a table is refused, by opening it or by reading all of it, with file and offset named.
bool is_refused(Bytes table) {
    const auto rows = test::rows_of(table);
    if (rows) {
        return false;
    }
    CHECK((rows.error().code == Errc::corrupt || rows.error().code == Errc::unsupported));
    CHECK(rows.error().file == "batches");
    REQUIRE(rows.error().at);
    CHECK(*rows.error().at <= table.size());
    return true;
}

ByteBuffer changed(const ByteBuffer& table, std::size_t at, unsigned flip) {
    ByteBuffer copy(table.bytes());
    copy.data()[at] ^= static_cast<std::byte>(flip);
    return copy;
}

/// The message for a table whose bytes at `at` are these, all checksums right.
std::string refusal(const ByteBuffer& table, std::size_t at, std::string_view hex) {
    ByteBuffer copy(table.bytes());
    const ByteBuffer bytes = test::from_hex(hex);
    std::copy_n(bytes.data(), bytes.size(), copy.data() + at);
    test::fix_table_crcs(copy);
    const auto rows = test::rows_of(copy.bytes());
    return rows ? "" : fmt::format("{}: {}", to_string(rows.error().code), rows.error().message());
}

}  // namespace

TEST_CASE("every change of a byte is refused") {
    const ByteBuffer table = small_table();
    REQUIRE(test::rows_of(table.bytes()));
    for (std::size_t at = 0; at < table.size(); ++at) {
        CAPTURE(at);
        for (const unsigned flip : {0x01U, 0x10U, 0x80U, 0xffU}) {
            REQUIRE(is_refused(changed(table, at, flip).bytes()));
        }
    }
}

TEST_CASE("a table that is cut, or that has a byte more at either end, is refused") {
    const ByteBuffer table = small_table();
    for (std::size_t size = 0; size < table.size(); ++size) {
        CAPTURE(size);
        REQUIRE(is_refused(table.bytes().first(size)));
        REQUIRE(is_refused(table.bytes().subspan(table.size() - size)));
    }
    ByteBuffer longer(table.bytes());
    longer.push_back(std::byte{0});
    CHECK(is_refused(longer.bytes()));
    longer.clear();
    longer.push_back(std::byte{0});
    longer.append(table.bytes());
    CHECK(is_refused(longer.bytes()));
}

TEST_CASE("a directory or footer that says something else is refused, its checksums being right") {
    const ByteBuffer table = small_table();
    for (std::size_t at = *test::directory_at(table.bytes()); at < table.size(); ++at) {
        CAPTURE(at);
        for (const unsigned flip : {0x01U, 0x02U, 0x10U, 0x80U, 0xffU}) {
            ByteBuffer copy = changed(table, at, flip);
            test::fix_table_crcs(copy);
            const bool was_a_checksum = copy.text() == table.text();
            REQUIRE((was_a_checksum || is_refused(copy.bytes())));
        }
    }
}

TEST_CASE("a block that says something else is refused or is another table, its checksums being right") {
    const ByteBuffer table = small_table();
    const std::vector<BatchRow> rows = *test::rows_of(table.bytes());
    int refused = 0;
    int changes = 0;
    for (std::size_t at = 0; at < *test::directory_at(table.bytes()); ++at) {
        for (const unsigned flip : {0x01U, 0x10U, 0x80U, 0xffU}) {
            ByteBuffer copy = changed(table, at, flip);
            test::fix_table_crcs(copy);
            const auto read = test::rows_of(copy.bytes());
            ++changes;
            refused += read ? 0 : 1;
            // What it says of the batches is all that can differ: not where they are, nor how many records they hold.
            REQUIRE((!read || read->size() == rows.size()));
            REQUIRE((!read || read->back().first_ordinal <= 2147483646));
        }
    }
    CHECK(refused > changes / 3);
}

TEST_CASE("each rule of footer and directory has its refusal") {
    const ByteBuffer table =
        test::read_data("kseg-index.5.batches.bin");  // 62 bytes of rows, 48 of directory, 36 of footer
    REQUIRE(table.size() == 62 + 48 + 36);
    const std::size_t entry = 62;
    const std::size_t footer = 110;
    const std::string_view bad_entry = "corrupt: batches: offset 62: entry of the directory of a batch table";
    const std::string_view bad_counts =
        "corrupt: batches: offset 62: directory of a batch table: other counts than the footer's";
    CHECK(refusal(table, footer, "4c") == "corrupt: batches: offset 110: footer of a batch table: other magic word");
    CHECK(refusal(table, footer + 8, "00000002") ==
          "unsupported: batches: offset 110: batch table version; expected 1, got 2");
    CHECK(refusal(table, footer + 12, "00000000") ==
          "corrupt: batches: offset 110: footer of a batch table: counts that cannot be");
    CHECK(refusal(table, footer + 24, "7fffffff") ==
          "corrupt: batches: offset 110: footer of a batch table: counts that cannot be");
    CHECK(refusal(table, footer + 16, "0000000000000004") == bad_counts);
    CHECK(refusal(table, footer + 24, "00000005") == bad_counts);
    CHECK(refusal(table, footer + 24, "00000003") == bad_entry);  // fewer records than the block's
    CHECK(refusal(table, entry, "0000003f") == bad_entry);        // a block that reaches into the directory
    CHECK(refusal(table, entry, "0000003d") == bad_counts);       // or leaves room before it
    CHECK(refusal(table, entry + 8, "0000") == bad_entry);        // rows
    CHECK(refusal(table, entry + 8, "0101") == bad_entry);        // more rows than a block has
    CHECK(refusal(table, entry + 8, "0008") == bad_entry);        // more than its bytes can be
    CHECK(refusal(table, entry + 10, "0003") == bad_entry);       // an unknown flag
    CHECK(refusal(table, entry + 8, "0004") == bad_counts);       // another count of rows
    const std::string_view other_rows =
        "corrupt: batches: offset 0: block of a batch table: other rows than its directory says";
    CHECK(refusal(table, entry + 10, "0000") == other_rows);
    CHECK(refusal(table, entry + 16, "0000000000000065") == other_rows);
    CHECK(refusal(table, entry + 24, "0000000000000067") == other_rows);
    CHECK(refusal(table, entry + 32, "0000018bcfe5680b") == other_rows);
    CHECK(refusal(table, entry + 40, "0000018bcfe56813") == other_rows);
}

TEST_CASE("each rule of a row has its refusal") {
    const ByteBuffer table = test::read_data("kseg-index.5.batches.bin");  // rows at 0, 24 and 44
    const auto row = [](int at) { return fmt::format("corrupt: batches: offset {}: row of a batch table", at); };
    CHECK(refusal(table, 25, "25") == row(24));            // a bit of the mask that is not in use
    CHECK(refusal(table, 30, "02") == row(24));            // a producer's row before the one ahead of the first
    CHECK(refusal(table, 34, "06") == row(24));            // kind 3
    CHECK(refusal(table, 34, "10") == row(24));            // kind 8
    CHECK(refusal(table, 34, "03") == row(24));            // kind -2
    CHECK(refusal(table, 33, "01") == row(24));            // a gap with a record
    CHECK(refusal(table, 33, "05") == row(24));            // less than no records
    CHECK(refusal(table, 22, "ffffff7f") == row(0));       // an epoch beyond its type
    CHECK(refusal(table, 56, "aaa0abfef9e2") == row(44));  // a varint that goes on behind the block
    CHECK(refusal(table, 53, "ff") == row(44));            // fields that end too late
    CHECK(refusal(table, 44, "50") == row(44));  // fields that end too early: the second byte of the mask is one of crc
    CHECK(refusal(table, 25, "0d") == row(24));  // a position before the end of the row before: 110 - 70
}

TEST_CASE("positions that pass the end of their range are refused") {
    // No field but size, records and min_timestamp: 2^64 - 1 bytes at 0, and as many behind them.
    const ByteBuffer block = test::from_hex(
        "00 00 00 00 00 01 00 00"
        "00 00 00 00 00 00 00 00");
    std::vector<BatchRow> rows;
    CHECK(index::read_rows(block.bytes().first(8), FileOffset{100}, 1, 0, rows));
    CHECK(rows.front().size == ~std::uint64_t{0});
    const auto read = index::read_rows(block.bytes(), FileOffset{100}, 2, 0, rows);
    REQUIRE_FALSE(read);
    CHECK(read.error().at == 108);
}

TEST_CASE("counts that are larger than the file allocate nothing") {
    ByteBuffer table = test::read_data("kseg-index.5.batches.bin");
    const std::size_t footer = table.size() - test::kTableFooterBytes;
    for (const std::uint32_t blocks : {2U, 3U, 0x7fffffffU, 0xffffffffU}) {
        CAPTURE(blocks);
        wire::store_big(table.data() + footer + 12, blocks);
        wire::store_big(table.data() + footer + 32, crc32c(table.bytes().subspan(footer, 32)));
        CHECK(is_refused(table.bytes()));
    }
}

TEST_CASE("a file that fails or shrinks is an error that names it") {
    const ByteBuffer table = small_table();
    for (const std::size_t fails_at : {table.size() - 1, table.size() - 50, std::size_t{10}}) {
        auto file = test::memory_file(table.bytes());
        file->fails_at = fails_at;
        const auto opened = BatchTable::open(std::move(file), "batches");
        const auto scanned = opened ? opened->scan({}, [](const BatchRow& /*row*/) -> Result<bool> { return true; })
                                    : Result<void>(opened.error());
        REQUIRE_FALSE(scanned);
        CHECK(scanned.error().code == Errc::io);
        CHECK(scanned.error().file == "batches");
    }
    auto file = test::memory_file(table.bytes());
    file->says_size = table.size() + 1000;
    const auto opened = BatchTable::open(std::move(file), "batches");
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Errc::corrupt);
}
