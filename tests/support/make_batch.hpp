// SPDX-License-Identifier: Apache-2.0
// Batches whose records tell a number, for logs that tests write.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "kafka/codec/codec.hpp"
#include "kafka/record/builder.hpp"

namespace kseg::test {

/// Fields of a batch that tests choose.
struct BatchPlan {
    int records = 1;
    std::size_t value_bytes = 20;
    codec::Codec codec = codec::Codec::none;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    TimestampMs time = 1700000000000;
    std::int64_t base_offset = 0;
};

/// A batch whose records tell `number`.
inline ByteBuffer make_batch(std::uint64_t number, const BatchPlan& plan = {}) {
    record::BatchBuilder builder;
    record::BatchHeader header;
    header.base_offset = plan.base_offset;
    header.attributes = static_cast<std::uint16_t>(plan.codec);
    header.producer_id = plan.producer_id;
    header.producer_epoch = plan.producer_epoch;
    header.base_sequence = plan.base_sequence;
    builder.begin(header);
    for (int i = 0; i < plan.records; ++i) {
        const std::string key = fmt::format("{}.{}", number, i);
        const std::string value(plan.value_bytes, static_cast<char>('a' + number % 26));
        (void)builder.add(record::RecordView{.offset = plan.base_offset + i,
                                             .stored_timestamp = plan.time + i,
                                             .key = as_bytes(key),
                                             .value = as_bytes(value)});
    }
    ByteBuffer out;
    (void)builder.finish(out);
    return out;
}

}  // namespace kseg::test
