// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/checked.hpp"
#include "base/crc.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::record {
namespace {

constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int32_t>::max();

Error too_large(std::string_view what, std::uint64_t size) {
    return {.code = Errc::too_large, .what = fmt::format("{}; expected at most {} bytes, got {}", what, kMostBytes, size)};
}

}  // namespace

void begin_batch(const BatchHeader& header, ByteBuffer& out) {
    wire::Writer to(out);
    to.i64(header.base_offset);
    to.i32(0);  // batch_length, known below
    to.i32(header.partition_leader_epoch);
    to.i8(2);
    to.u32(0);  // crc, known below
    to.i16(static_cast<std::int16_t>(header.attributes));
    to.i32(header.last_offset_delta);
    to.i64(header.base_timestamp);
    to.i64(header.max_timestamp);
    to.i64(header.producer_id);
    to.i16(header.producer_epoch);
    to.i32(header.base_sequence);
    to.i32(header.records_count);
}

Result<void> end_batch(std::size_t begin, ByteBuffer& out) {
    const std::size_t size = out.size() - begin;
    if (size - kLengthFieldEnd > kMostBytes) {
        out.resize(begin);
        return too_large("batch", size);
    }
    std::byte* const batch = out.data() + begin;
    wire::store_big(batch + 8, static_cast<std::int32_t>(size - kLengthFieldEnd));
    wire::store_big(batch + kCrcAt, crc32c(Bytes{batch + kCrcCoverAt, size - kCrcCoverAt}));
    return {};
}

void BatchBuilder::begin(const BatchHeader& header) {
    header_ = header;
    header_.magic = 2;
    header_.records_count = 0;
    base_timestamp_set_ = header.has_delete_horizon();
    last_delta_ = -1;
    largest_timestamp_ = std::numeric_limits<std::int64_t>::min();
    body_.clear();
}

Result<void> BatchBuilder::add_fields(const RecordView& record, std::int32_t header_count) {
    const std::int64_t delta = wrapping_sub(record.offset, header_.base_offset);
    if (record.offset < header_.base_offset || delta <= last_delta_ || delta > std::numeric_limits<std::int32_t>::max()) {
        return Error{.code = Errc::invalid,
                     .what = fmt::format(
                         "record offset; expected {} to {}, got {}", saturating_add(header_.base_offset, last_delta_ + 1),
                         saturating_add(header_.base_offset, std::numeric_limits<std::int32_t>::max()), record.offset)};
    }
    if (!base_timestamp_set_) {
        header_.base_timestamp = record.stored_timestamp;
        base_timestamp_set_ = true;
    }
    last_delta_ = delta;
    largest_timestamp_ = std::max(largest_timestamp_, record.stored_timestamp);
    record_.clear();
    wire::Writer out(record_);
    out.i8(static_cast<std::int8_t>(record.attributes));
    out.varint(wrapping_sub(record.stored_timestamp, header_.base_timestamp));
    out.varint(delta);
    out.varint_bytes(record.key);
    out.varint_bytes(record.value);
    out.varint(header_count);
    return {};
}

void BatchBuilder::close_record() {
    wire::Writer out(body_);
    out.varint(static_cast<std::int64_t>(record_.size()));
    out.bytes(record_.bytes());
    ++header_.records_count;
}

Result<void> BatchBuilder::add(const RecordView& record) {
    auto added = add_fields(record, record.headers.size());
    if (!added) {
        return added;
    }
    wire::Writer out(record_);
    record.headers.for_each([&out](const HeaderView& header) {
        out.varint_bytes(header.key);
        out.varint_bytes(header.value);
    });
    if (record_.size() > kMostBytes) {
        return too_large("record", record_.size());
    }
    close_record();
    return {};
}

Result<void> BatchBuilder::add(const RecordView& record, std::span<const HeaderView> headers) {
    auto added = add_fields(record, checked_cast<std::int32_t>(headers.size()));
    if (!added) {
        return added;
    }
    wire::Writer out(record_);
    for (const HeaderView& header : headers) {
        out.varint_bytes(header.key);
        out.varint_bytes(header.value);
    }
    if (record_.size() > kMostBytes) {
        return too_large("record", record_.size());
    }
    close_record();
    return {};
}

Result<void> BatchBuilder::finish(ByteBuffer& out, const codec::CompressOptions& options) {
    if (!header_.has_known_codec()) {
        return Error{.code = Errc::unsupported, .what = fmt::format("codec {} is not known", header_.codec_id())};
    }
    header_.last_offset_delta = std::max(header_.last_offset_delta, static_cast<std::int32_t>(last_delta_));
    if (header_.timestamp_type() == TimestampType::create && header_.records_count != 0) {
        header_.max_timestamp = largest_timestamp_;
    }
    const std::size_t begin = out.size();
    begin_batch(header_, out);
    // A batch without records has no body even where it names a codec: that is how Kafka's cleaner writes it.
    if (header_.codec_id() == 0) {
        out.append(body_.bytes());
    } else if (header_.records_count != 0) {
        if (auto packed = codec::compress(header_.codec(), body_.bytes(), out, options); !packed) {
            out.resize(begin);
            return packed;
        }
    }
    return end_batch(begin, out);
}

}  // namespace kseg::record
