// SPDX-License-Identifier: Apache-2.0
// Totals over batches, built part by part and put together in order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "kafka/record/record.hpp"
#include "kafka/segment/cursor.hpp"

namespace kseg::tools {

/// Offsets that no batch covers, between two batches.
struct OffsetGap {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

class Summary {
  public:
    /// Adds a batch. `reader` has read its records, or is null where bodies were not decoded.
    struct Batch {
        std::int64_t base_offset = 0;
        std::int64_t last_offset = 0;
        std::int64_t records = 0;
        std::optional<TimestampMs> least_time{};
        std::optional<TimestampMs> largest_time{};
        bool problem = false;
    };
    void add_batch(const segment::Item& item, const Batch& batch);
    void add_gap(const segment::Item& item);
    void add_segment() { ++segments_; }

    /// Adds what came after this.
    /// same_log   whether it goes on in the same partition, so that missing offsets between the two count
    void append(const Summary& next, bool same_log);

    [[nodiscard]] std::uint64_t batches() const { return batches_; }
    void write_text(ByteBuffer& out) const;
    void write_json(ByteBuffer& out) const;

  private:
    void note_offsets(std::int64_t expected, std::int64_t found);

    static constexpr std::size_t kListed = 100;  // of offset gaps and byte gaps; the rest is counted

    std::uint64_t segments_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t batches_ = 0;
    std::int64_t records_ = 0;
    std::uint64_t empty_ = 0;
    std::uint64_t control_ = 0;
    std::uint64_t transactional_ = 0;
    std::uint64_t invalid_ = 0;
    std::uint64_t problems_ = 0;
    std::array<std::uint64_t, 8> codecs_{};
    std::array<std::uint64_t, 3> magics_{};
    std::optional<std::int64_t> first_offset_;
    std::optional<std::int64_t> last_offset_;
    std::optional<TimestampMs> least_time_;
    std::optional<TimestampMs> largest_time_;
    std::vector<OffsetGap> offset_gaps_;
    std::uint64_t offset_gap_count_ = 0;
    std::int64_t missing_offsets_ = 0;
    std::uint64_t backwards_ = 0;  // batches that begin at or before the end of the one before
    struct ByteGap {
        std::uint64_t position = 0;
        std::uint64_t size = 0;
        segment::GapReason reason{};
    };
    std::vector<ByteGap> gaps_;
    std::uint64_t gap_count_ = 0;
};

}  // namespace kseg::tools
