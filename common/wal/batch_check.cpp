// SPDX-License-Identifier: Apache-2.0
#include "wal/batch_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/crc.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::wal {
namespace {

constexpr std::size_t kLeaderEpochAt = record::kLengthFieldEnd;
constexpr std::size_t kMaxTimestampAt = record::kCrcCoverAt + 2 + 4 + 8;  // attributes, last_offset_delta, base_timestamp

}  // namespace

Result<record::BatchView> check_batch(std::span<std::byte> whole, record::RecordReader& reader, bool needs_keys) {
    auto batch = record::BatchView::parse(whole, {});
    if (!batch) {
        return batch;
    }
    const record::BatchHeader& header = batch->header();
    if (header.is_legacy()) {
        return Error{.code = Errc::unsupported,
                     .what = fmt::format("batch magic; expected 0x02, got 0x{:02x}: message sets cannot be appended",
                                         static_cast<std::uint8_t>(header.magic))};
    }
    if (const std::uint32_t computed = batch->compute_crc(); computed != header.crc) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("batch crc; expected 0x{:08x}, got 0x{:08x}", computed, header.crc)};
    }
    if (header.last_offset_delta < 0) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("last_offset_delta; expected 0 or more, got {}", header.last_offset_delta)};
    }
    reader.open(*batch);
    record::RecordView record;
    TimestampMs largest = std::numeric_limits<TimestampMs>::min();
    std::optional<std::int64_t> without_key;
    while (reader.next(record)) {
        if (needs_keys && !record.key && !without_key) {
            without_key = reader.count() - 1;
        }
        largest = std::max(largest, record.stored_timestamp);
    }
    if (reader.problem() != record::Problem::none) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("{}: {}", record::to_string(reader.problem()), reader.problem_text())};
    }
    if (without_key) {
        return Error{.code = Errc::invalid,
                     .what = "a record without a key, in a log that is compacted",
                     .at = static_cast<std::uint64_t>(*without_key)};
    }
    if (header.timestamp_type() != record::TimestampType::create || reader.count() == 0 ||
        header.max_timestamp == largest) {
        return batch;
    }
    wire::store_big(whole.data() + kMaxTimestampAt, largest);
    wire::store_big(whole.data() + record::kCrcAt, crc32c(Bytes(whole).subspan(record::kCrcCoverAt)));
    return record::BatchView::parse(whole, {});
}

void stamp_batch(std::span<std::byte> whole, std::int64_t base_offset, std::int32_t leader_epoch) {
    wire::store_big(whole.data(), base_offset);
    wire::store_big(whole.data() + kLeaderEpochAt, leader_epoch);
}

}  // namespace kseg::wal
