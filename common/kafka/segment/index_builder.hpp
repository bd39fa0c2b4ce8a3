// SPDX-License-Identifier: Apache-2.0
// Makes the entries of .index and .timeindex while a segment grows, or again from a segment that is there.
// Layout: man/kseg-segment.5, FILES BESIDE A SEGMENT. Source: Kafka 4.1, LogSegment.append and recover, TimeIndex.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "kafka/segment/side_files.hpp"

namespace kseg::segment {

/// index.interval.bytes of a broker with its defaults.
inline constexpr std::uint32_t kIndexIntervalBytes = 4096;

/// What an index needs to know of a batch.
struct IndexedBatch {
    FileOffset position;
    std::int64_t last_offset = 0;
    TimestampMs max_timestamp = -1;
};

class IndexBuilder {
  public:
    /// base_offset   of the segment: entries are relative to it
    explicit IndexBuilder(std::int64_t base_offset, std::uint32_t interval_bytes = kIndexIntervalBytes)
        : base_offset_(base_offset), interval_bytes_(interval_bytes), largest_{.timestamp = -1, .offset = base_offset} {}

    /// Goes on where other entries end: `last_entry_at` is the position of the offset index's last entry (0 without one),
    /// `last_time` the time index's last entry (timestamp -1 without one). The next batch is the one behind that entry's.
    IndexBuilder(std::int64_t base_offset, FileOffset last_entry_at, TimeIndexEntry last_time,
                 std::uint32_t interval_bytes = kIndexIntervalBytes)
        : base_offset_(base_offset),
          interval_bytes_(interval_bytes),
          last_entry_at_(last_entry_at.value),
          largest_(last_time),
          last_time_(last_time.timestamp) {}

    /// Takes the next batch; entries that it gives rise to are appended to offset_index() and time_index().
    /// errors   invalid   its last offset or its position cannot be written relative to the segment's beginning in 31 bits
    Result<void> add(const IndexedBatch& batch);

    /// The time index's last entry, which Kafka makes when a segment is closed.
    void finish();

    /// The files' bytes, without padding. Borrow.
    [[nodiscard]] Bytes offset_index() const { return offset_index_.bytes(); }
    [[nodiscard]] Bytes time_index() const { return time_index_.bytes(); }

    /// The largest timestamp so far and the last offset of the batch that holds it; -1 and the base offset without one.
    [[nodiscard]] TimeIndexEntry largest() const { return largest_; }

    /// Forgets the bytes that were made so far and goes on: for whoever appends them to files as they come.
    void clear_bytes() {
        offset_index_.clear();
        time_index_.clear();
    }

  private:
    void add_time_entry();

    std::int64_t base_offset_;
    std::uint32_t interval_bytes_;
    std::uint64_t last_entry_at_ = 0;  // position of the batch of the last entry
    TimeIndexEntry largest_;
    TimestampMs last_time_ = -1;  // of the time index's last entry
    ByteBuffer offset_index_;
    ByteBuffer time_index_;
};

}  // namespace kseg::segment
