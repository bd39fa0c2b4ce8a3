// SPDX-License-Identifier: Apache-2.0
// Batches from a record's fields. Those that came off the wire are in chronik_wire.cpp.
#include "wal/chronik_batches.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/checked.hpp"
#include "kafka/record/builder.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::wal {
namespace {

constexpr std::size_t kLastDeltaAt = record::kCrcCoverAt + 2;  // attributes
constexpr std::size_t kCountAt = record::kBatchHeaderBytes - 4;

/// Appends a batch whose body is encoded already; its CRC is left open.
void append_unsealed(ByteBuffer& out, const record::BatchHeader& header, Bytes body) {
    const std::size_t begin = out.size();
    record::begin_batch(header, out);
    out.append(body);
    constexpr std::size_t kLengthAt = 8;  // base_offset
    wire::store_big(out.data() + begin + kLengthAt,
                    static_cast<std::int32_t>(out.size() - begin - record::kLengthFieldEnd));
}

/// Writes what is known of the records of an unsealed batch, and its CRC.
void seal(ByteBuffer& out, std::size_t begin, std::int32_t last_offset_delta, std::int32_t count) {
    std::byte* const batch = out.data() + begin;
    wire::store_big(batch + kLastDeltaAt, last_offset_delta);
    wire::store_big(batch + kCountAt, count);
    wire::store_big(batch + record::kCrcAt, crc32c(out.bytes().subspan(begin + record::kCrcCoverAt)));
}

/// The last offset's distance that the trailer claims, where it can be one.
std::int32_t claimed_delta(const ChronikRecord& record) {
    if (!record.trailer) {
        return 0;
    }
    const std::int64_t delta = wrapping_sub(record.trailer->last_offset, record.trailer->base_offset);
    return delta >= 0 && delta <= std::numeric_limits<std::int32_t>::max() ? static_cast<std::int32_t>(delta) : 0;
}

/// What to add to the offsets of the entries: they follow the base offset beside them, which may be the producer's.
std::int64_t shift_of(const ChronikRecord& record, std::int64_t first_entry_offset) {
    const bool assigned_already = record.trailer && first_entry_offset >= record.trailer->base_offset &&
                                  first_entry_offset <= record.trailer->last_offset;
    return assigned_already ? 0 : wrapping_sub(record.assigned_offset(), record.header.base_offset);
}

}  // namespace

Result<void> ChronikBatches::convert(const ChronikRecord& record) {
    out_.clear();
    ends_.clear();
    warnings_.clear();
    next_offset_ = record.assigned_offset();
    records_ = 0;
    if (!record.crc_holds) {
        warnings_.push_back(fmt::format("record crc; expected 0x{:08x}, got 0x{:08x}", record.crc_computed, record.crc));
    }
    const bool has_body = record.compressed_records && !record.compressed_records->empty();
    const bool has_fields = has_body || record.entry_count != 0;
    Result<void> outcome;
    const bool done = (record.original_v2 && from_wire(*record.original_v2, "original_v2", !has_fields, outcome)) ||
                      (record.original_v1 && from_wire(*record.original_v1, "original_v1", !has_fields, outcome)) ||
                      (has_body && is_wire(*record.compressed_records) &&
                       from_wire(*record.compressed_records, "compressed_records", true, outcome)) ||
                      (has_body && from_body(record, *record.compressed_records));
    if (!done) {
        outcome = from_entries(record);
    }
    if (outcome && record.trailer) {
        check_trailer(*record.trailer);
    }
    return outcome;
}

void ChronikBatches::check_trailer(const ChronikTrailer& trailer) {
    // Of a batch without records writers do not say which offsets it owns.
    const bool agrees = records_ == 0 || wrapping_add(trailer.last_offset, 1) == next_offset_;
    if (!agrees || trailer.record_count != records_) {
        warnings_.push_back(fmt::format("record trailer; expected last offset {} of {} records, got {} of {}",
                                        wrapping_sub(next_offset_, 1), records_, trailer.last_offset,
                                        trailer.record_count));
    }
}

/// Makes the batch whose body was kept: false where that does not decode and there are entries to build it from.
bool ChronikBatches::from_body(const ChronikRecord& record, Bytes body) {
    constexpr std::size_t kMostBytes = std::numeric_limits<std::int32_t>::max() - record::kBatchHeaderBytes;
    if (body.size() > kMostBytes) {
        warnings_.push_back(fmt::format("compressed_records; expected at most {} bytes, got {}", kMostBytes, body.size()));
        return false;
    }
    record::BatchHeader header = record.header;
    header.base_offset = record.assigned_offset();
    header.last_offset_delta = std::numeric_limits<std::int32_t>::max();  // until the records were read
    const std::size_t begin = out_.size();
    append_unsealed(out_, header, body);
    std::int64_t last = header.base_offset;
    const auto batch = record::BatchView::parse(out_.bytes().subspan(begin), {});
    if (batch) {
        reader_.open(*batch);
        record::RecordView view;
        while (reader_.next(view)) {
            last = view.offset;
        }
    }
    // The count is none yet, so that it cannot be right.
    const bool decodes =
        batch && (reader_.problem() == record::Problem::none || reader_.problem() == record::Problem::bad_count);
    if (!decodes) {
        warnings_.push_back(fmt::format("compressed_records; expected a body that decodes, got {}{}",
                                        batch ? reader_.problem_text() : batch.error().what,
                                        record.entry_count != 0 ? "; records used" : ""));
    }
    if (!decodes && record.entry_count != 0) {
        out_.resize(begin);
        return false;
    }
    std::int64_t count = reader_.count();
    std::int64_t delta = wrapping_sub(last, header.base_offset);
    if (!decodes && record.trailer) {
        count = record.trailer->record_count;
        delta = claimed_delta(record);
    }
    if (decodes && record.entry_count != 0 && record.entry_count != static_cast<std::uint64_t>(count)) {
        warnings_.push_back(fmt::format("compressed_records; expected {} records, got {}", record.entry_count, count));
    }
    seal(out_, begin, static_cast<std::int32_t>(delta), static_cast<std::int32_t>(count));
    ends_.push_back(out_.size());
    next_offset_ = wrapping_add(header.base_offset, delta + 1);
    records_ = count;
    return true;
}

/// Builds the batch from the entries, more than one where their offsets do not fit into one.
Result<void> ChronikBatches::from_entries(const ChronikRecord& record) {
    record::BatchHeader header = record.header;
    header.base_offset = record.assigned_offset();
    header.last_offset_delta = record.entry_count == 0 ? claimed_delta(record) : 0;
    builder_.begin(header);
    ChronikEntries entries(record);
    record::RecordView entry;
    std::int64_t shift = 0;
    bool torn = false;
    for (std::int64_t i = 0; entries.next(entry, headers_); ++i) {
        if (i == 0) {
            shift = shift_of(record, entry.offset);
        }
        entry.offset = wrapping_add(entry.offset, shift);
        auto added = builder_.add(entry, headers_);
        if (!added && added.error().code == Errc::invalid) {
            torn = true;
            if (builder_.count() != 0) {
                if (auto finished = builder_.finish(out_); !finished) {
                    return finished;
                }
                ends_.push_back(out_.size());
            }
            header.base_offset = entry.offset;
            header.base_sequence = record::sequence_at(record.header.base_sequence, static_cast<std::int32_t>(i));
            builder_.begin(header);
            added = builder_.add(entry, headers_);
        }
        if (!added) {
            return added;
        }
        next_offset_ = wrapping_add(entry.offset, 1);
        ++records_;
    }
    if (auto finished = builder_.finish(out_); !finished) {
        return finished;
    }
    ends_.push_back(out_.size());
    if (record.entry_count == 0) {
        next_offset_ = wrapping_add(header.base_offset, std::int64_t{header.last_offset_delta} + 1);
    }
    if (torn) {
        warnings_.emplace_back("record offsets; expected them to rise from the base offset on");
    }
    return {};
}

}  // namespace kseg::wal
