// SPDX-License-Identifier: Apache-2.0
#include "wal/producer_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/crc.hpp"
#include "canonical/control.hpp"
#include "kafka/record/record.hpp"
#include "kafka/segment/side_files.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::wal {
namespace {

constexpr std::int32_t kMostSequence = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kSnapshotCrcAt = 2;                     // version
constexpr std::size_t kSnapshotCoverAt = kSnapshotCrcAt + 4;  // crc
constexpr std::int16_t kAbort = 0;
constexpr std::int16_t kCommit = 1;

std::int32_t last_sequence_of(const record::BatchHeader& header) {
    return record::sequence_at(header.base_sequence, header.last_offset_delta);
}

bool follows(std::int32_t last, std::int32_t next) {
    return last == kMostSequence ? next == 0 : next == last + 1;
}

/// The marker of a control batch; nothing where it holds none, as after compaction.
std::optional<canonical::ControlRecord> marker_of(const record::BatchView& batch) {
    record::RecordReader reader;
    reader.open(batch);
    record::RecordView record;
    return reader.next(record) ? std::optional(canonical::parse_control(record)) : std::nullopt;
}

}  // namespace

std::int32_t ProducerBatch::first_sequence() const {
    return last_sequence < offset_delta ? kMostSequence - (offset_delta - last_sequence) + 1 : last_sequence - offset_delta;
}

ProducerStates::Check ProducerStates::check(const record::BatchHeader& header) const {
    const auto found = producers_.find(header.producer_id);
    if (header.is_legacy() || header.producer_id < 0 || found == producers_.end()) {
        return {};
    }
    const Producer& producer = found->second;
    if (!header.is_control() && header.producer_epoch == producer.epoch && header.base_sequence >= 0) {
        for (const ProducerBatch& batch : producer.batches) {
            if (batch.first_sequence() == header.base_sequence && batch.last_sequence == last_sequence_of(header)) {
                return {.verdict = Verdict::duplicate, .original = batch};
            }
        }
    }
    if (header.producer_epoch < producer.epoch) {
        return {.verdict = Verdict::old_epoch,
                .text = fmt::format("epoch of producer {}; expected {} or more, got {}", header.producer_id, producer.epoch,
                                    header.producer_epoch)};
    }
    if (header.is_control() || header.base_sequence < 0) {
        return {};
    }
    const bool new_epoch = header.producer_epoch != producer.epoch;
    const std::int32_t last = new_epoch || producer.batches.empty() ? -1 : producer.batches.back().last_sequence;
    if ((new_epoch && producer.epoch < 0) || follows(last, header.base_sequence)) {
        if (producer.transaction_start >= 0 && !header.is_transactional()) {
            return {.verdict = Verdict::not_in_transaction,
                    .text = fmt::format("batch of producer {}; expected one of its open transaction", header.producer_id)};
        }
        return {};
    }
    return {.verdict = Verdict::out_of_order,
            .text = fmt::format("sequence of producer {}; expected {}, got {}", header.producer_id,
                                last == kMostSequence ? 0 : last + 1, header.base_sequence)};
}

std::optional<AbortedTransaction> ProducerStates::apply(const record::BatchView& batch) {
    const record::BatchHeader& header = batch.header();
    if (header.is_legacy() || header.producer_id < 0) {
        return std::nullopt;
    }
    if (!header.is_control()) {
        Producer& producer = producers_[header.producer_id];
        if (producer.epoch != header.producer_epoch) {
            producer.batches.clear();
            producer.epoch = header.producer_epoch;
        }
        if (producer.batches.size() == kBatchesKept) {
            producer.batches.erase(producer.batches.begin());
        }
        producer.batches.push_back({.last_sequence = last_sequence_of(header),
                                    .offset_delta = header.last_offset_delta,
                                    .last_offset = header.last_offset(),
                                    .timestamp = header.max_timestamp});
        producer.timestamp = header.max_timestamp;
        if (header.is_transactional() && producer.transaction_start < 0) {
            producer.transaction_start = header.base_offset;
            open_[header.base_offset] = header.producer_id;
        }
        return std::nullopt;
    }
    const auto marker = marker_of(batch);
    if (!marker || (marker->type != kAbort && marker->type != kCommit)) {
        return std::nullopt;
    }
    Producer& producer = producers_[header.producer_id];
    const std::int64_t first_offset = producer.transaction_start;
    if (producer.epoch != header.producer_epoch) {
        producer.batches.clear();
        producer.epoch = header.producer_epoch;
    }
    producer.coordinator_epoch = marker->coordinator_epoch.value_or(-1);
    producer.timestamp = header.max_timestamp;
    producer.transaction_start = -1;
    if (first_offset < 0) {
        return std::nullopt;
    }
    open_.erase(first_offset);
    if (marker->type != kAbort) {
        return std::nullopt;
    }
    return AbortedTransaction{.producer_id = header.producer_id,
                              .first_offset = first_offset,
                              .last_offset = header.base_offset,
                              .last_stable_offset = last_stable_offset(header.base_offset + 1)};
}

std::size_t ProducerStates::expire(TimestampMs time) {
    return std::erase_if(producers_, [&](const auto& known) {
        const Producer& producer = known.second;
        return producer.transaction_start < 0 && producer.timestamp <= time;
    });
}

std::int64_t ProducerStates::last_stable_offset(std::int64_t end) const {
    return open_.empty() ? end : open_.begin()->first;
}

Result<ProducerStates> ProducerStates::from_snapshot(Bytes content) {
    ProducerStates states;
    const auto number = [](const segment::RowField& field) { return *std::get_if<std::int64_t>(&field.value); };
    const auto read =
        segment::read_rows(segment::SideFile::snapshot, content, 0, [&](std::span<const segment::RowField> row) {
            // In the order of man/kseg-segment.5.
            const std::int64_t producer_id = number(row[0]);
            Producer& producer = states.producers_[producer_id];
            producer.epoch = static_cast<std::int16_t>(number(row[1]));
            const std::int64_t last_offset = number(row[3]);
            producer.timestamp = number(row[5]);
            if (last_offset >= 0) {
                producer.batches.push_back({.last_sequence = static_cast<std::int32_t>(number(row[2])),
                                            .offset_delta = static_cast<std::int32_t>(number(row[4])),
                                            .last_offset = last_offset,
                                            .timestamp = producer.timestamp});
            }
            producer.coordinator_epoch = static_cast<std::int32_t>(number(row[6]));
            producer.transaction_start = number(row[7]);
            if (producer.transaction_start >= 0) {
                states.open_[producer.transaction_start] = producer_id;
            }
        });
    if (!read) {
        return read.error();
    }
    return states;
}

ByteBuffer ProducerStates::to_snapshot() const {
    ByteBuffer content;
    wire::Writer out(content);
    out.i16(1);  // version
    out.u32(0);  // crc, known below
    out.i32(static_cast<std::int32_t>(producers_.size()));
    for (const auto& [id, producer] : producers_) {
        const ProducerBatch last = producer.batches.empty() ? ProducerBatch{} : producer.batches.back();
        out.i64(id);
        out.i16(producer.epoch);
        out.i32(last.last_sequence);
        out.i64(last.last_offset);
        out.i32(last.offset_delta);
        out.i64(producer.timestamp);
        out.i32(producer.coordinator_epoch);
        out.i64(producer.transaction_start);
    }
    wire::store_big(content.data() + kSnapshotCrcAt, crc32c(content.bytes().subspan(kSnapshotCoverAt)));
    return content;
}

void append_entry(ByteBuffer& out, const AbortedTransaction& entry) {
    wire::Writer to(out);
    to.i16(0);  // version
    to.i64(entry.producer_id);
    to.i64(entry.first_offset);
    to.i64(entry.last_offset);
    to.i64(entry.last_stable_offset);
}

}  // namespace kseg::wal
