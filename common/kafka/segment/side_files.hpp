// SPDX-License-Identifier: Apache-2.0
// The files that Kafka keeps beside its segments: indexes, producer snapshots, checkpoints.
// Layout: man/kseg-segment.5, FILES BESIDE A SEGMENT. Source: Kafka 4.1, OffsetIndex, TimeIndex, TransactionIndex,
// ProducerStateManager, CheckpointFile.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::segment {

enum class SideFile : std::uint8_t {
    offset_index,
    time_index,
    txn_index,
    snapshot,
    leader_epochs,
    partition_offsets,  ///< recovery-point, log-start, replication and cleaner offset checkpoints
    properties,         ///< partition.metadata and meta.properties
};

/// What a file is by its name (without directory); nothing for segments and everything else.
std::optional<SideFile> side_file_of(std::string_view name);

struct OffsetIndexEntry {
    std::int64_t offset = 0;     ///< absolute last offset of what was appended
    std::uint32_t position = 0;  ///< where it begins
};

struct TimeIndexEntry {
    std::int64_t timestamp = -1;  ///< largest so far, ms
    std::int64_t offset = 0;      ///< absolute last offset of the batch that holds it
};

/// Entries as far as they make sense, and what is wrong behind them, if anything. Zero padding is left out.
template <typename Entry>
struct IndexFile {
    std::vector<Entry> entries;
    std::optional<Error> damage{};
};

IndexFile<OffsetIndexEntry> parse_offset_index(Bytes bytes, std::int64_t base_offset);
IndexFile<TimeIndexEntry> parse_time_index(Bytes bytes, std::int64_t base_offset);

/// One field of a row: a name, valid during the call, and a number, a text or null.
struct RowField {
    std::string_view name;
    std::variant<std::monostate, std::int64_t, std::string> value;
};
using RowSink = std::function<void(std::span<const RowField>)>;

/// Reads a side file row by row. Rows before damage are handed out.
/// base_offset   that of the segment it belongs to, from its name
/// errors        corrupt, truncated, unsupported   with the offset where it begins
Result<void> read_rows(SideFile kind, Bytes bytes, std::int64_t base_offset, const RowSink& sink);

}  // namespace kseg::segment
