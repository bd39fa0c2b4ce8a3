// SPDX-License-Identifier: Apache-2.0
#include "wal/batcher.hpp"

#include <fmt/format.h>

#include <limits>
#include <vector>

#include "kafka/record/record.hpp"

namespace kseg::wal {
namespace {

constexpr std::size_t kRecordBytes = 16;  // lengths, deltas and attributes of a record, about
constexpr std::int64_t kMostDelta = std::numeric_limits<std::int32_t>::max();

std::size_t bytes_of(const canonical::EditableRecord& record) {
    std::size_t bytes = (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
    for (const canonical::EditableHeader& header : record.headers) {
        bytes += header.key.size() + (header.value ? header.value->size() : 0) + 4;
    }
    return bytes;
}

NullableBytes borrowed(const std::optional<ByteBuffer>& bytes) {
    return bytes ? NullableBytes(bytes->bytes()) : std::nullopt;
}

bool is_log_append(const canonical::RecordLine& line) {
    return line.timestamp_type == record::TimestampType::log_append && line.timestamp.has_value();
}

}  // namespace

std::int64_t Batcher::offset_of(const canonical::RecordLine& line) const {
    return options_.keep_offsets ? line.offset.value_or(-1) : base_offset_ + count_;
}

bool Batcher::joins(std::size_t key_and_value_bytes) const {
    return empty() || bytes_ + kRecordBytes + key_and_value_bytes <= options_.batch_bytes;
}

bool Batcher::joins(const canonical::RecordLine& line) const {
    if (empty()) {
        return true;
    }
    const std::int64_t delta = offset_of(line) - base_offset_;
    const std::int32_t sequence = common_.base_sequence < 0 || delta < 0 || delta > kMostDelta
                                      ? -1
                                      : record::sequence_at(common_.base_sequence, static_cast<std::int32_t>(delta));
    return joins(bytes_of(line.record)) && delta <= kMostDelta && line.producer_id == common_.producer_id &&
           line.producer_epoch == common_.producer_epoch && line.sequence == sequence &&
           line.transactional == common_.transactional && !line.control && !common_.control &&
           is_log_append(line) == common_.log_append_time &&
           (!common_.log_append_time || *line.timestamp == common_.append_time);
}

void Batcher::begin(const Common& common, std::int64_t base_offset) {
    common_ = common;
    base_offset_ = base_offset;
    record::BatchHeader header;
    header.base_offset = base_offset;
    header.attributes = static_cast<std::uint16_t>(
        static_cast<unsigned>(options_.codec) | (common.log_append_time ? record::kLogAppendTimeBit : 0U) |
        (common.transactional ? record::kTransactionalBit : 0U) | (common.control ? record::kControlBit : 0U));
    header.max_timestamp = common.append_time;
    header.producer_id = common.producer_id;
    header.producer_epoch = common.producer_epoch;
    header.base_sequence = common.base_sequence;
    builder_.begin(header);
    bytes_ = record::kBatchHeaderBytes;
}

Result<void> Batcher::put(const record::RecordView& record, std::span<const record::HeaderView> headers) {
    if (auto added = builder_.add(record, headers); !added) {
        return added;
    }
    last_offset_ = record.offset;
    ++count_;
    return {};
}

Result<void> Batcher::add(const canonical::RecordLine& line, TimestampMs now) {
    if (options_.keep_offsets && (!line.offset || *line.offset < 0)) {
        return Error{.code = Errc::invalid, .what = "offset; expected one of 0 or more to keep, got none"};
    }
    if (empty()) {
        begin({.producer_id = line.producer_id,
               .producer_epoch = line.producer_epoch,
               .base_sequence = line.sequence,
               .transactional = line.transactional,
               .control = line.control,
               .log_append_time = is_log_append(line),
               .append_time = is_log_append(line) ? *line.timestamp : -1},
              options_.keep_offsets ? *line.offset : 0);
    }
    std::vector<record::HeaderView> headers;
    headers.reserve(line.record.headers.size());
    for (const canonical::EditableHeader& header : line.record.headers) {
        headers.push_back({.key = header.key.bytes(), .value = borrowed(header.value)});
    }
    const record::RecordView record{.offset = offset_of(line),
                                    .stored_timestamp = line.timestamp.value_or(now),
                                    .attributes = line.record.attributes,
                                    .key = borrowed(line.record.key),
                                    .value = borrowed(line.record.value),
                                    .headers = {}};
    auto added = put(record, headers);
    bytes_ += kRecordBytes + bytes_of(line.record);
    return added;
}

Result<void> Batcher::add(const NullableBytes& key, Bytes value, TimestampMs now) {
    if (empty()) {
        begin({}, 0);
    }
    bytes_ += kRecordBytes + (key ? key->size() : 0) + value.size();
    return put(record::RecordView{.offset = count_, .stored_timestamp = now, .key = key, .value = value}, {});
}

Result<void> Batcher::take(ByteBuffer& out) {
    out.clear();
    auto built = builder_.finish(out);
    count_ = 0;
    bytes_ = 0;
    common_ = {};
    return built;
}

}  // namespace kseg::wal
