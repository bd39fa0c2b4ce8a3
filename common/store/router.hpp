// SPDX-License-Identifier: Apache-2.0
// Which segment answers for which offsets: a pure function of the listing of a partition.
//
// The rule. A segment may hold the offsets from its base offset up to its end_offset, and likely does up to its likely_end.
// Of those that likely hold an offset, the one with the lowest base offset answers for it; with the same one an index goes
// before an archive, and that before a log; of two archives the one that reaches farther, then the lower name. An offset
// that none likely holds is asked in the same way of those that may hold it.
// Names say only where a segment ends at the latest. Whoever reads one and finds that it ends earlier notes that with
// Segment::end_at() and asks again from there, so that another segment which holds what follows is not passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "kafka/segment/range.hpp"
#include "store/listing.hpp"

namespace kseg::store {

enum class SourceKind : std::uint8_t { index, archive, log };  // in the order of preference

/// A run of offsets and the segment that answers for them.
struct Slice {
    SourceKind kind = SourceKind::index;
    std::size_t segment = 0;                ///< number in the listing, among those of its kind
    std::optional<std::size_t> same_log{};  ///< of an index or archive: the log of the same base offset
    std::int64_t first_offset = 0;
    std::int64_t end_offset = kMaxRecordOffset;  ///< exclusive; kMaxRecordOffset is no bound

    friend bool operator==(const Slice&, const Slice&) = default;
};

/// The first slice at or behind `from` and before `end` (kMaxRecordOffset: no bound); nothing where no segment may hold
/// any of it.
std::optional<Slice> next_slice(const PartitionListing& listing, std::int64_t from, std::int64_t end);

/// All slices of a range of offsets, in order and without overlap. Its times are passed over.
std::vector<Slice> route(const PartitionListing& listing, const segment::RecordRange& range);

}  // namespace kseg::store
