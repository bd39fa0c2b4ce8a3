// SPDX-License-Identifier: Apache-2.0
// Batch tables to test with: random rows, the whole of a table, and checksums made right again after a change.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/crc.hpp"
#include "index/batch_table.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"
#include "support/memory_file.hpp"

namespace kseg::test {

/// Numbers of which many are at the ends of their range.
template <typename T>
T any_number(std::mt19937_64& random) {
    switch (random() % 8) {
        case 0: return std::numeric_limits<T>::min();
        case 1: return std::numeric_limits<T>::max();
        case 2: return T{0};
        case 3: return static_cast<T>(-1);
        case 4: return static_cast<T>(static_cast<std::int64_t>(random() % 32) - 16);
        default: return static_cast<T>(random());
    }
}

/// Rows as a broker writes them: several idempotent producers, offsets that rise, times that nearly do.
inline std::vector<index::BatchRow> usual_rows(std::mt19937_64& random, std::size_t count, std::size_t producers) {
    std::vector<std::int32_t> sequences(std::max<std::size_t>(producers, 1));
    std::vector<index::BatchRow> rows(count);
    index::BatchRow before{.last_offset = 41};
    std::int64_t time = 1'700'000'000'000;
    for (index::BatchRow& row : rows) {
        row.attributes = 4;
        row.leader_epoch = 3;
        row.position = before.position + before.size;
        row.size = 900 + random() % 15000;
        row.crc = static_cast<std::uint32_t>(random());
        row.records = static_cast<std::uint32_t>(1 + random() % 100);
        row.base_offset = before.last_offset + 1;
        row.last_offset = row.base_offset + row.records - 1;
        time += static_cast<std::int64_t>(random() % 20);
        row.min_timestamp = time - static_cast<std::int64_t>(random() % 10);
        row.max_timestamp = row.min_timestamp + static_cast<std::int64_t>(random() % 50);
        row.first_ordinal = before.first_ordinal + before.records;
        if (producers != 0) {
            const std::size_t producer = random() % producers;
            row.producer_id = 4000 + static_cast<std::int64_t>(producer) * 7;
            row.producer_epoch = 0;
            row.base_sequence = sequences[producer];
            sequences[producer] += static_cast<std::int32_t>(row.records);
        }
        before = row;
    }
    return rows;
}

/// Rows with anything in them that a row can hold.
inline std::vector<index::BatchRow> any_rows(std::mt19937_64& random, std::size_t count) {
    std::vector<index::BatchRow> rows(count);
    std::uint64_t position = 0;
    index::Ordinal ordinal = 0;
    for (index::BatchRow& row : rows) {
        row.kind = static_cast<index::RowKind>(random() % 8 > 2 ? 0 : random() % 3);
        row.body_problem = random() % 8 == 0;
        row.magic = any_number<std::int8_t>(random);
        row.attributes = any_number<std::uint16_t>(random);
        row.position = position += random() % 4 == 0 ? random() % 1'000'000 : 0;
        row.size = random() % 4 == 0 ? 0 : random() % (std::uint64_t{1} << (random() % 50));
        position += row.size;
        row.crc = any_number<std::uint32_t>(random);
        row.base_offset = any_number<std::int64_t>(random);
        row.last_offset = any_number<std::int64_t>(random);
        row.leader_epoch = any_number<std::int32_t>(random);
        row.producer_id = any_number<std::int64_t>(random);
        row.producer_epoch = any_number<std::int16_t>(random);
        row.base_sequence = any_number<std::int32_t>(random);
        row.min_timestamp = any_number<TimestampMs>(random);
        row.max_timestamp = any_number<TimestampMs>(random);
        row.records =
            row.kind != index::RowKind::batch || random() % 3 == 0 ? 0 : static_cast<std::uint32_t>(random() % 20);
        row.first_ordinal = ordinal;
        ordinal += row.records;
    }
    return rows;
}

inline ByteBuffer table_of(const std::vector<index::BatchRow>& rows) {
    index::BatchTableWriter writer;
    for (const index::BatchRow& row : rows) {
        if (!writer.add(row)) {
            return {};
        }
    }
    return writer.finish();
}

/// Opens a table and reads all of it.
inline Result<std::vector<index::BatchRow>> rows_of(Bytes table) {
    const auto opened = index::BatchTable::open(memory_file(table), "batches");
    if (!opened) {
        return opened.error();
    }
    std::vector<index::BatchRow> rows;
    const auto scanned = opened->scan({}, [&rows](const index::BatchRow& row) -> Result<bool> {
        rows.push_back(row);
        return true;
    });
    return scanned ? Result<std::vector<index::BatchRow>>(std::move(rows)) : scanned.error();
}

inline constexpr std::size_t kTableFooterBytes = 36;
inline constexpr std::size_t kTableEntryBytes = 48;

/// Where the directory of a table begins, by its footer; nothing where there cannot be one.
inline std::optional<std::size_t> directory_at(Bytes table) {
    if (table.size() < kTableFooterBytes) {
        return std::nullopt;
    }
    const std::size_t footer = table.size() - kTableFooterBytes;
    const auto blocks = wire::load_big<std::uint32_t>(table.data() + footer + 12);
    return blocks > footer / kTableEntryBytes ? std::nullopt : std::optional(footer - blocks * kTableEntryBytes);
}

/// Makes all checksums of a table right, as far as its directory leads.
inline void fix_table_crcs(ByteBuffer& table) {
    const auto directory = directory_at(table.bytes());
    if (!directory) {
        return;
    }
    const std::size_t footer = table.size() - kTableFooterBytes;
    std::size_t at = 0;
    for (std::size_t entry = *directory; entry < footer; entry += kTableEntryBytes) {
        const std::size_t size = wire::load_big<std::uint32_t>(table.data() + entry);
        if (size <= *directory - at) {
            wire::store_big(table.data() + entry + 4, crc32c(table.bytes().subspan(at, size)));
            at += size;
        }
    }
    wire::store_big(table.data() + footer + 28, crc32c(table.bytes().subspan(*directory, footer - *directory)));
    wire::store_big(table.data() + footer + 32, crc32c(table.bytes().subspan(footer, 32)));
}

}  // namespace kseg::test
