// SPDX-License-Identifier: Apache-2.0
// The batch table of a segment index: a row for each batch of the log, and for each gap. Answers offsets, times and
// ordinals. Layout: man/kseg-index.5, BATCH TABLE.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "index/record_set.hpp"
#include "io/file.hpp"

namespace kseg::index {

/// What a row stands for.
enum class RowKind : std::uint8_t {
    batch,
    bad_crc,  ///< a batch whose CRC is wrong: it has no records here
    gap,      ///< bytes that are no batch; its offsets are those that are missing around it
};

struct BatchRow {
    RowKind kind = RowKind::batch;
    bool body_problem = false;  ///< the body breaks its format; `records` are those before
    std::int8_t magic = 2;
    std::uint16_t attributes = 0;
    std::uint64_t position = 0;  ///< in the log, bytes
    std::uint64_t size = 0;      ///< bytes
    std::uint32_t crc = 0;       ///< as stored in the batch; 0 for a gap
    std::int64_t base_offset = 0;
    std::int64_t last_offset = -1;
    std::int32_t leader_epoch = -1;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    /// Least and largest over the records; without any, those of the header.
    TimestampMs min_timestamp = -1;
    TimestampMs max_timestamp = -1;
    Ordinal first_ordinal = 0;
    std::uint32_t records = 0;

    /// Something is not there that was: nobody knows what it held.
    [[nodiscard]] bool is_damage() const { return kind != RowKind::batch || body_problem; }

    friend bool operator==(const BatchRow&, const BatchRow&) = default;
};

/// Collects rows in the order of their positions and encodes them. Memory: the encoded table.
class BatchTableWriter {
  public:
    /// row      its first_ordinal is records(), and it begins at or behind the end of the row before
    /// errors   unsupported   more than 2^31 - 2 records
    Result<void> add(const BatchRow& row);
    [[nodiscard]] std::uint64_t rows() const { return rows_; }
    [[nodiscard]] Ordinal records() const { return records_; }

    /// The whole table as a file's content. Nothing may be added after.
    ByteBuffer finish();

  private:
    void end_block();

    ByteBuffer out_;
    ByteBuffer directory_;
    std::vector<BatchRow> block_;
    std::uint64_t rows_ = 0;
    std::uint64_t end_position_ = 0;
    Ordinal records_ = 0;
    std::uint32_t blocks_ = 0;
};

/// Which rows are wanted: those that overlap every bound that is set. A row overlaps offsets if its base offset is before
/// their end and its last offset not before their first: a gap between two batches without an offset missing, whose base
/// offset is one more than its last, is within bounds that hold something on both sides of it.
struct RowBounds {
    std::int64_t first_offset = std::numeric_limits<std::int64_t>::min();
    std::int64_t end_offset = std::numeric_limits<std::int64_t>::max();  ///< exclusive, but the maximum includes itself
    std::optional<TimestampMs> since{};
    std::optional<TimestampMs> until{};  ///< exclusive
    /// Only rows with an ordinal in it, and damage whatever it has. As many records as the table; borrowed.
    const RecordSet* records = nullptr;
};

/// Reads a table block by block; nothing but a directory of the blocks stays in memory. Several threads may scan at once
/// if they may read the file so.
class BatchTable {
  public:
    /// Takes the file over; `name` is for messages.
    /// errors   io;   corrupt   a checksum is wrong, or what it covers makes no sense;   unsupported   another version
    static Result<BatchTable> open(std::unique_ptr<io::ReadAt> file, std::string name);
    BatchTable(BatchTable&& other) noexcept;
    BatchTable& operator=(BatchTable&& other) noexcept;
    BatchTable(const BatchTable&) = delete;
    BatchTable& operator=(const BatchTable&) = delete;
    ~BatchTable();

    [[nodiscard]] std::uint64_t rows() const { return rows_; }
    [[nodiscard]] Ordinal records() const { return records_; }

    /// Visits the rows within the bounds in the order of their positions until visit says false. The times of damage are
    /// unknown: it is within any.
    /// errors   io;   corrupt   as above;   those of visit
    Result<void> scan(const RowBounds& bounds, const std::function<Result<bool>(const BatchRow&)>& visit) const;

    /// Up to `count` rows that are no gaps, from the first block to the last, to know a log again by.
    /// errors   io;   corrupt   as above
    [[nodiscard]] Result<std::vector<BatchRow>> sample(std::size_t count) const;

  private:
    struct Block;
    BatchTable(std::unique_ptr<io::ReadAt> file, std::string name);
    Result<void> read_directory();
    Result<void> take_directory(Bytes in, std::uint64_t at, std::uint64_t rows, Ordinal records);
    Result<void> read_block(const Block& block, ByteBuffer& bytes, std::vector<BatchRow>& rows) const;

    std::unique_ptr<io::ReadAt> file_;
    std::string name_;
    std::vector<Block> blocks_;
    std::uint64_t rows_ = 0;
    Ordinal records_ = 0;
};

}  // namespace kseg::index
