// SPDX-License-Identifier: Apache-2.0
#include "index/batch_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/crc.hpp"
#include "index/batch_rows.hpp"

namespace kseg::index {
namespace {

/// Reads exactly so many bytes.
Result<void> read_all(const io::ReadAt& file, std::uint64_t at, std::size_t size, ByteBuffer& out) {
    out.resize(size);
    const auto got = file.read_at(at, {out.data(), size});
    if (!got) {
        return got.error();
    }
    if (*got != size) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("bytes of the batch table; expected {}, got {}", size, *got),
                     .at = at};
    }
    return {};
}

Error bad_crc(std::string_view what, std::uint64_t at, std::uint32_t stored, std::uint32_t computed) {
    return Error{.code = Errc::corrupt,
                 .what = fmt::format("{} crc; expected 0x{:08x}, got 0x{:08x}", what, stored, computed),
                 .at = at};
}

/// Whether offsets from `first` to `last` overlap the bounds.
bool offsets_wanted(const RowBounds& bounds, std::int64_t first, std::int64_t last) {
    constexpr std::int64_t kOpenEnd = std::numeric_limits<std::int64_t>::max();
    return last >= bounds.first_offset && (first < bounds.end_offset || bounds.end_offset == kOpenEnd);
}

bool times_wanted(const RowBounds& bounds, TimestampMs least, TimestampMs largest) {
    return (!bounds.since || largest >= *bounds.since) && (!bounds.until || least < *bounds.until);
}

bool has_any(const RecordSet& set, std::uint64_t first, std::uint64_t records) {
    if (first >= set.records()) {
        return false;
    }
    const Ordinal found = set.next(static_cast<Ordinal>(first));
    return found < set.records() && found - first < records;
}

bool row_wanted(const RowBounds& bounds, const BatchRow& row) {
    return offsets_wanted(bounds, row.base_offset, row.last_offset) &&
           (row.is_damage() || times_wanted(bounds, row.min_timestamp, row.max_timestamp)) &&
           (bounds.records == nullptr || row.is_damage() || has_any(*bounds.records, row.first_ordinal, row.records));
}

}  // namespace

struct BatchTable::Block {
    std::uint64_t at = 0;  // of its first byte in the file
    Ordinal first_ordinal = 0;
    BlockEntry entry;
};

BatchTable::BatchTable(std::unique_ptr<io::ReadAt> file, std::string name)
    : file_(std::move(file)), name_(std::move(name)) {}
BatchTable::BatchTable(BatchTable&&) noexcept = default;
BatchTable& BatchTable::operator=(BatchTable&&) noexcept = default;
BatchTable::~BatchTable() = default;

Result<BatchTable> BatchTable::open(std::unique_ptr<io::ReadAt> file, std::string name) {
    BatchTable table(std::move(file), std::move(name));
    if (const auto read = table.read_directory(); !read) {
        return read.error().in_file(table.name_);
    }
    return table;
}

Result<void> BatchTable::read_directory() {
    const auto size = file_->size();
    if (!size) {
        return size.error();
    }
    if (*size < kFooterBytes) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("batch table size; expected at least {}, got {}", kFooterBytes, *size),
                     .at = 0};
    }
    const std::uint64_t footer_at = *size - kFooterBytes;
    ByteBuffer bytes;
    if (const auto got = read_all(*file_, footer_at, kFooterBytes, bytes); !got) {
        return got.error();
    }
    const auto footer = read_footer(bytes.bytes(), FileOffset{footer_at});
    if (!footer) {
        return footer.error();
    }
    if (footer->blocks > footer_at / kEntryBytes) {
        return Error{.code = Errc::corrupt, .what = "directory of a batch table: larger than the file", .at = footer_at};
    }
    const std::uint64_t at = footer_at - footer->blocks * kEntryBytes;
    if (const auto got = read_all(*file_, at, static_cast<std::size_t>(footer_at - at), bytes); !got) {
        return got.error();
    }
    if (const std::uint32_t computed = crc32c(bytes.bytes()); computed != footer->directory_crc) {
        return bad_crc("directory", at, footer->directory_crc, computed);
    }
    return take_directory(bytes.bytes(), at, footer->rows, footer->records);
}

Result<void> BatchTable::take_directory(Bytes in, std::uint64_t at, std::uint64_t rows, Ordinal records) {
    wire::Reader read(in, FileOffset{at});
    const std::size_t count = in.size() / kEntryBytes;
    blocks_.reserve(count);
    std::uint64_t next_at = 0;
    std::uint64_t next_ordinal = 0;
    while (read.left() != 0) {
        const std::uint64_t entry_at = read.position().value;
        const BlockEntry entry = read_entry(read);
        const bool last = blocks_.size() + 1 == count;
        if (!read.ok() || (entry.rows != kBlockRows && !last) || entry.size > at - next_at ||
            entry.bounds.records > records - next_ordinal) {
            return Error{.code = Errc::corrupt, .what = "entry of the directory of a batch table", .at = entry_at};
        }
        blocks_.push_back({.at = next_at, .first_ordinal = static_cast<Ordinal>(next_ordinal), .entry = entry});
        next_at += entry.size;
        next_ordinal += entry.bounds.records;
        rows_ += entry.rows;
    }
    if (next_at != at || next_ordinal != records || rows_ != rows) {
        return Error{.code = Errc::corrupt, .what = "directory of a batch table: other counts than the footer's", .at = at};
    }
    records_ = records;
    return {};
}

Result<void> BatchTable::read_block(const Block& block, ByteBuffer& bytes, std::vector<BatchRow>& rows) const {
    if (const auto got = read_all(*file_, block.at, block.entry.size, bytes); !got) {
        return got.error();
    }
    if (const std::uint32_t computed = crc32c(bytes.bytes()); computed != block.entry.crc) {
        return bad_crc("block", block.at, block.entry.crc, computed);
    }
    if (const auto read = read_rows(bytes.bytes(), FileOffset{block.at}, block.entry.rows, block.first_ordinal, rows);
        !read) {
        return read.error();
    }
    // The directory decided that the block is read; it must not have decided so by mistake.
    if (bounds_of(rows) != block.entry.bounds) {
        return Error{
            .code = Errc::corrupt, .what = "block of a batch table: other rows than its directory says", .at = block.at};
    }
    return {};
}

Result<void> BatchTable::scan(const RowBounds& bounds, const std::function<Result<bool>(const BatchRow&)>& visit) const {
    assert(bounds.records == nullptr || bounds.records->records() == records_);
    ByteBuffer bytes;
    std::vector<BatchRow> rows;
    std::uint64_t end_position = 0;
    for (const Block& block : blocks_) {
        const BlockBounds& has = block.entry.bounds;
        if (!offsets_wanted(bounds, has.min_offset, has.max_offset) ||
            (!has.has_damage && !times_wanted(bounds, has.min_timestamp, has.max_timestamp)) ||
            (bounds.records != nullptr && !has.has_damage && !has_any(*bounds.records, block.first_ordinal, has.records))) {
            continue;
        }
        if (const auto read = read_block(block, bytes, rows); !read) {
            return read.error().in_file(name_);
        }
        if (rows.front().position < end_position) {
            return Error{.code = Errc::corrupt,
                         .what = "block of a batch table: its rows begin before those of the block before end",
                         .file = name_,
                         .at = block.at};
        }
        end_position = rows.back().position + rows.back().size;
        for (const BatchRow& row : rows) {
            if (!row_wanted(bounds, row)) {
                continue;
            }
            const auto more = visit(row);
            if (!more) {
                return more.error();
            }
            if (!*more) {
                return {};
            }
        }
    }
    return {};
}

Result<std::vector<BatchRow>> BatchTable::sample(std::size_t count) const {
    std::vector<BatchRow> sampled;
    ByteBuffer bytes;
    std::vector<BatchRow> rows;
    std::size_t block = blocks_.size();  // the one in `rows`
    std::uint64_t next = 0;
    const std::uint64_t steps = std::max<std::size_t>(count, 2) - 1;
    for (std::size_t i = 0; i < count && next < rows_; ++i) {
        // Evenly spaced, from the first row to the last: (rows_ - 1) * i / steps, without an overflow.
        const std::uint64_t wanted = (rows_ - 1) / steps * i + (rows_ - 1) % steps * i / steps;
        next = std::max(next, wanted);
        if (block != next / kBlockRows) {
            block = static_cast<std::size_t>(next / kBlockRows);
            if (const auto read = read_block(blocks_[block], bytes, rows); !read) {
                return read.error().in_file(name_);
            }
        }
        const auto from = rows.begin() + static_cast<std::ptrdiff_t>(next % kBlockRows);
        const auto found = std::find_if(from, rows.end(), [](const BatchRow& row) { return row.kind != RowKind::gap; });
        if (found != rows.end()) {
            sampled.push_back(*found);
            next += static_cast<std::uint64_t>(found - from);
        }
        ++next;
    }
    return sampled;
}

}  // namespace kseg::index
