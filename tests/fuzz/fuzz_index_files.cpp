// SPDX-License-Identifier: Apache-2.0
// The files of a segment index that are our own; the first byte chooses. Checksums are made right, so that what they guard
// is reached.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz_support.hpp"
#include "index/batch_rows.hpp"
#include "index/batch_table.hpp"
#include "index/checksums.hpp"
#include "index/manifest.hpp"
#include "index/manifest_seal.hpp"
#include "support/memory_file.hpp"
#include "support/table_rows.hpp"

using namespace kseg;

namespace {

/// What was read is written, and reads as the same.
void check_rows(const std::vector<index::BatchRow>& rows) {
    const auto again = test::rows_of(test::table_of(rows).bytes());
    fuzz::require(again && *again == rows);
}

/// A table whose directory and footer say what its blocks are. The first byte says how many there are, the last ones where
/// they end and how many rows they have.
void table_of_blocks(Bytes input) {
    const std::size_t blocks = input.empty() ? 0 : to_u8(input.front()) % 3 + std::size_t{1};
    if (input.size() < 1 + blocks * 3) {
        return;
    }
    input = input.subspan(1);
    const Bytes cuts = input.last(blocks * 3);
    Bytes left = input.first(input.size() - cuts.size());
    ByteBuffer table;
    ByteBuffer directory;
    index::TableFooter footer{.blocks = static_cast<std::uint32_t>(blocks)};
    std::vector<index::BatchRow> rows;
    for (std::size_t i = 0; i < blocks; ++i) {
        const std::size_t wanted = to_u8(cuts[3 * i]) * std::size_t{256} + to_u8(cuts[3 * i + 1]);
        const Bytes block = left.first(i + 1 == blocks ? left.size() : std::min(left.size(), wanted));
        left = left.subspan(block.size());
        const std::size_t count = i + 1 < blocks ? index::kBlockRows : to_u8(cuts[3 * i + 2]) + std::size_t{1};
        const auto read = index::read_rows(block, FileOffset{table.size()}, count, footer.records, rows);
        index::BlockEntry entry{.size = static_cast<std::uint32_t>(block.size()),
                                .crc = crc32c(block),
                                .rows = static_cast<std::uint16_t>(count),
                                .bounds = {}};
        if (read) {
            entry.bounds = index::bounds_of(rows);
            ByteBuffer again;
            index::append_rows(again, rows);
            std::vector<index::BatchRow> same;
            fuzz::require(index::read_rows(again.bytes(), {}, count, footer.records, same).has_value() && same == rows);
        } else {
            fuzz::require(read.error().at && *read.error().at <= table.size() + block.size());
        }
        footer.rows += count;
        footer.records += static_cast<std::uint32_t>(entry.bounds.records);
        index::append_entry(directory, entry);
        table.append(block);
    }
    table.append(directory.bytes());
    footer.directory_crc = crc32c(directory.bytes());
    index::append_footer(table, footer);
    if (const auto all = test::rows_of(table.bytes()); all) {
        check_rows(*all);
    }
}

void whole_table(Bytes input) {
    ByteBuffer table(input);
    if (table.size() >= test::kTableFooterBytes) {
        const std::size_t footer = table.size() - test::kTableFooterBytes;
        std::copy_n(as_bytes(index::kTableMagic).data(), index::kTableMagic.size(), table.data() + footer);
        wire::store_big(table.data() + footer + 8, index::kTableVersion);
    }
    test::fix_table_crcs(table);
    const auto rows = test::rows_of(table.bytes());
    fuzz::require(rows ? rows->size() <= input.size() / index::kLeastRowBytes : rows.error().at.has_value());
    if (rows) {
        check_rows(*rows);
    }
}

/// Rows of whatever the bytes are.
void any_rows(Bytes input) {
    wire::Reader read(input);
    std::vector<index::BatchRow> rows;
    std::uint64_t position = 0;
    index::Ordinal ordinal = 0;
    while (read.left() > 8 && rows.size() < 600) {
        index::BatchRow row;
        const auto choice = static_cast<std::uint8_t>(read.i8());
        row.kind = static_cast<index::RowKind>(choice % 3);
        row.body_problem = (choice & 0x10) != 0;
        row.magic = read.i8();
        row.attributes = static_cast<std::uint16_t>(read.i16());
        position += static_cast<std::uint8_t>(read.i8());
        row.position = position;
        row.size = static_cast<std::uint16_t>(read.i16());
        position += row.size;
        row.crc = read.u32();
        row.base_offset = read.i64();
        row.last_offset = read.i64();
        row.leader_epoch = read.i32();
        row.producer_id = (choice & 0x20) != 0 ? read.i64() : read.i8();
        row.producer_epoch = read.i16();
        row.base_sequence = read.i32();
        row.min_timestamp = read.i64();
        row.max_timestamp = read.i64();
        row.records = row.kind == index::RowKind::batch ? static_cast<std::uint16_t>(read.i16()) : 0;
        row.first_ordinal = ordinal;
        ordinal += row.records;
        rows.push_back(row);
    }
    check_rows(rows);
}

void manifest(Bytes input) {
    std::string text(as_text(input));
    if (const auto parsed = index::parse_manifest(input, "manifest"); !parsed) {
        text += ",\n  \"crc32c\": \"00000000\"\n}\n";
        index::seal(text);
    }
    const auto parsed = index::parse_manifest(as_bytes(text), "manifest");
    if (parsed) {
        const auto again = index::parse_manifest(index::write_manifest(*parsed).bytes(), "manifest");
        fuzz::require(again && *again == *parsed);
    } else {
        fuzz::require(parsed.error().file == "manifest");
    }
}

void checksums(Bytes input) {
    ByteBuffer content(input);
    wire::Writer(content).u32(crc32c(input));
    const auto parsed = index::parse_checksums(content.bytes(), "checksums");
    if (parsed) {
        fuzz::require(index::write_checksums(*parsed).text() == content.text());
        for (const auto& [name, sums] : *parsed) {
            (void)sums.crc32c();
        }
    } else {
        fuzz::require(parsed.error().at && *parsed.error().at <= content.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const Bytes input = fuzz::bytes_of(data + 1, size - 1);
    switch (data[0] % 5) {
        case 0: table_of_blocks(input); break;
        case 1: whole_table(input); break;
        case 2: any_rows(input); break;
        case 3: manifest(input); break;
        default: checksums(input); break;
    }
    return 0;
}
