// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/batch.hpp"

#include <fmt/format.h>

#include "base/checked.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::record {

std::string_view to_string(TimestampType type) {
    switch (type) {
        case TimestampType::none: return "none";
        case TimestampType::create: return "create";
        case TimestampType::log_append: return "log_append";
    }
    return "none";
}

TimestampType BatchHeader::timestamp_type() const {
    if (magic == 0) {
        return TimestampType::none;
    }
    return (attributes & kLogAppendTimeBit) != 0 ? TimestampType::log_append : TimestampType::create;
}

std::int64_t BatchHeader::last_offset() const {
    return is_legacy() ? base_offset : saturating_add(base_offset, last_offset_delta);
}

Result<BatchView> BatchView::parse(Bytes whole, FileOffset at) {
    if (whole.size() < kFrameBytes) {
        return Error{.code = Errc::truncated, .what = "batch header", .at = at.value};
    }
    BatchView view;
    view.bytes_ = whole;
    view.at_ = at;
    BatchHeader& h = view.header_;
    h.magic = wire::load_big<std::int8_t>(whole.data() + kMagicAt);
    if (h.magic < 0 || h.magic > 2) {
        return Error{
            .code = Errc::unsupported,
            .what = fmt::format("batch magic; expected 0x00 to 0x02, got 0x{:02x}", static_cast<std::uint8_t>(h.magic)),
            .at = at.value};
    }
    if (whole.size() < header_bytes(h.magic)) {
        return Error{.code = Errc::truncated, .what = "batch header", .at = at.value};
    }
    wire::Reader in(whole, at);
    h.base_offset = in.i64();
    h.batch_length = in.i32();
    if (h.is_legacy()) {
        h.crc = in.u32();
        in.i8();  // magic
        h.attributes = static_cast<std::uint8_t>(in.i8());
        if (h.magic == 1) {
            h.max_timestamp = in.i64();
        }
        h.records_count = 1;
    } else {
        h.partition_leader_epoch = in.i32();
        in.i8();  // magic
        h.crc = in.u32();
        h.attributes = static_cast<std::uint16_t>(in.i16());
        h.last_offset_delta = in.i32();
        h.base_timestamp = in.i64();
        h.max_timestamp = in.i64();
        h.producer_id = in.i64();
        h.producer_epoch = in.i16();
        h.base_sequence = in.i32();
        h.records_count = in.i32();
    }
    if (h.batch_length < 0 || kLengthFieldEnd + static_cast<std::size_t>(h.batch_length) != whole.size()) {
        return Error{
            .code = Errc::corrupt,
            .what = fmt::format("batch length; expected {}, got {}", whole.size() - kLengthFieldEnd, h.batch_length),
            .at = at.value};
    }
    return view;
}

std::uint32_t BatchView::compute_crc() const {
    return crc(crc_kind(header_.magic), bytes_.subspan(crc_cover_at(header_.magic)));
}

Bytes BatchView::body() const {
    // The header of magic 0 and 1 ends with two lengths that belong to key and value.
    constexpr std::size_t kKeyAndValueLengths = 4 + 4;
    const std::size_t fixed = header_bytes(header_.magic);
    return bytes_.subspan(header_.is_legacy() ? fixed - kKeyAndValueLengths : fixed);
}

}  // namespace kseg::record
