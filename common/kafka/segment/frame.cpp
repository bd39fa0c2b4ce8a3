// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/frame.hpp"

namespace kseg::segment {

bool message_adds_up(const record::BatchView& batch) {
    wire::Reader in(batch.body());
    in.i32_bytes();
    in.i32_bytes();
    return in.ok() && in.left() == 0;
}

bool plausible(Bytes head, std::uint64_t most_bytes) {
    wire::Reader in(head);
    const std::int64_t base_offset = in.i64();
    const std::int32_t length = in.i32();
    in.i32();  // leader epoch or CRC
    const std::int8_t magic = in.i8();
    const std::int64_t size = std::int64_t{length} + static_cast<std::int64_t>(record::kLengthFieldEnd);
    if (base_offset < 0 || magic < 0 || magic > 2 || size < least_size(magic) ||
        static_cast<std::uint64_t>(size) > most_bytes) {
        return false;
    }
    if (head.size() < record::kBatchHeaderBytes) {
        return true;  // too little to tell more
    }
    if (magic < 2) {
        const std::int8_t attributes = in.i8();
        if (magic == 1) {
            in.i64();  // timestamp
        }
        const std::int32_t key_length = in.i32();
        constexpr int kKnownBits = record::kCodecMask | record::kLogAppendTimeBit;
        return (attributes & ~kKnownBits) == 0 && key_length >= -1 && key_length < length;
    }
    in.i32();  // CRC
    in.i16();  // attributes
    const std::int32_t last_offset_delta = in.i32();
    in.i64();  // base timestamp
    in.i64();  // max timestamp
    const std::int64_t producer_id = in.i64();
    const std::int16_t producer_epoch = in.i16();
    const std::int32_t base_sequence = in.i32();
    const std::int32_t count = in.i32();
    return last_offset_delta >= 0 && producer_id >= -1 && producer_epoch >= -1 && base_sequence >= -1 && count >= 0 &&
           std::int64_t{count} <= std::int64_t{last_offset_delta} + 1;
}

}  // namespace kseg::segment
