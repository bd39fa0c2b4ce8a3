// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/index_builder.hpp"

#include <fmt/format.h>

#include <limits>

#include "kafka/wire/writer.hpp"

namespace kseg::segment {
namespace {

constexpr std::int64_t kMostRelative = std::numeric_limits<std::int32_t>::max();

}  // namespace

Result<void> IndexBuilder::add(const IndexedBatch& batch) {
    if (batch.last_offset < base_offset_ || batch.last_offset - base_offset_ > kMostRelative) {
        return Error{.code = Errc::invalid,
                     .what = fmt::format("last offset; expected {} to {} for an index, got {}", base_offset_,
                                         static_cast<std::uint64_t>(base_offset_) + kMostRelative, batch.last_offset),
                     .at = batch.position.value};
    }
    if (batch.position.value > static_cast<std::uint64_t>(kMostRelative)) {
        return Error{
            .code = Errc::invalid,
            .what = fmt::format("position; expected at most {} for an index, got {}", kMostRelative, batch.position.value),
            .at = batch.position.value};
    }
    if (batch.max_timestamp > largest_.timestamp) {
        largest_ = {.timestamp = batch.max_timestamp, .offset = batch.last_offset};
    }
    if (batch.position.value - last_entry_at_ > interval_bytes_) {
        wire::Writer out(offset_index_);
        out.i32(static_cast<std::int32_t>(batch.last_offset - base_offset_));
        out.i32(static_cast<std::int32_t>(batch.position.value));
        add_time_entry();
        last_entry_at_ = batch.position.value;
    }
    return {};
}

void IndexBuilder::add_time_entry() {
    if (largest_.timestamp > last_time_) {
        wire::Writer out(time_index_);
        out.i64(largest_.timestamp);
        out.i32(static_cast<std::int32_t>(largest_.offset - base_offset_));
        last_time_ = largest_.timestamp;
    }
}

void IndexBuilder::finish() {
    add_time_entry();
}

}  // namespace kseg::segment
