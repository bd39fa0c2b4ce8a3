// SPDX-License-Identifier: Apache-2.0
// The rows of one block of a batch table as bytes, and what its directory says of them.
// Layout: man/kseg-index.5, BATCH TABLE.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "index/batch_table.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::index {

inline constexpr std::size_t kBlockRows = 256;
// A mask of 1 byte, the CRC, and 1 byte for each field that is always there.
inline constexpr std::size_t kLeastRowBytes = 1 + 4 + 3;
// A mask of 2 bytes, the CRC, the producer row, and 10 bytes for each of the 14 fields that are varints.
inline constexpr std::size_t kMostRowBytes = 2 + 4 + 1 + 14 * 10;

/// Appends the rows of one block.
void append_rows(ByteBuffer& out, std::span<const BatchRow> rows);

/// Reads the rows of one block: `count` of them, whose bytes are all of `in`.
/// at       file offset of in[0], for messages
/// errors   corrupt
Result<void> read_rows(Bytes in, FileOffset at, std::size_t count, Ordinal first_ordinal, std::vector<BatchRow>& rows);

/// What the directory says of the rows of a block.
struct BlockBounds {
    bool has_damage = false;  ///< a row that is_damage(): its times are unknown
    std::uint64_t records = 0;
    std::int64_t min_offset = std::numeric_limits<std::int64_t>::max();   ///< least base offset
    std::int64_t max_offset = std::numeric_limits<std::int64_t>::min();   ///< largest last offset
    TimestampMs min_timestamp = std::numeric_limits<TimestampMs>::max();  ///< over rows that are no damage
    TimestampMs max_timestamp = std::numeric_limits<TimestampMs>::min();

    friend bool operator==(const BlockBounds&, const BlockBounds&) = default;
};
BlockBounds bounds_of(std::span<const BatchRow> rows);

/// One entry of the directory.
struct BlockEntry {
    std::uint32_t size = 0;
    std::uint32_t crc = 0;
    std::uint16_t rows = 0;
    BlockBounds bounds;
};
inline constexpr std::size_t kEntryBytes = 4 + 4 + 2 + 2 + 4 + 4 * 8;
void append_entry(ByteBuffer& out, const BlockEntry& entry);
/// Fails the reader where the entry cannot be one.
BlockEntry read_entry(wire::Reader& in);

/// The end of the file.
struct TableFooter {
    std::uint32_t version = 1;
    std::uint32_t blocks = 0;
    std::uint64_t rows = 0;
    std::uint32_t records = 0;
    std::uint32_t directory_crc = 0;
};
inline constexpr std::string_view kTableMagic = "KSEGBTAB";
inline constexpr std::uint32_t kTableVersion = 1;
inline constexpr std::size_t kFooterBytes = 8 + 4 + 4 + 8 + 4 + 4 + 4;
/// As many as Lucene has document numbers for.
inline constexpr std::uint64_t kMostRecords = (std::uint64_t{1} << 31) - 2;
void append_footer(ByteBuffer& out, const TableFooter& footer);
/// in       kFooterBytes
/// errors   corrupt;   unsupported   another version
Result<TableFooter> read_footer(Bytes in, FileOffset at);

}  // namespace kseg::index
