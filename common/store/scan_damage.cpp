// SPDX-License-Identifier: Apache-2.0
#include "store/scan_damage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.hpp"

namespace kseg::store {
namespace {

// Of more in a row it is not waited for what comes behind them.
constexpr std::size_t kMostPending = 4096;

}  // namespace

void ScanDamage::add(const segment::Item& item) {
    const bool batch = item.outcome == segment::Outcome::batch;
    pending_.push_back({.code = Errc::corrupt,
                        .what = batch ? fmt::format("batch crc; expected 0x{:08x}, got 0x{:08x}; left out",
                                                    item.crc_computed, item.batch.header().crc)
                                      : item.describe_gap(),
                        .file = file_,
                        .at = item.position.value});
    if (pending_.size() > kMostPending) {
        tell(kMaxRecordOffset);
    }
}

void ScanDamage::good_batch(std::int64_t base_offset, std::int64_t last_offset) {
    if (!pending_.empty()) {
        tell(base_offset);
    }
    expected_ = std::max(expected_.value_or(0), saturating_add(last_offset, 1));
}

void ScanDamage::end(std::int64_t end) {
    tell(end);
}

/// Tells what is pending, which may have held the offsets from the expected one to `before`, or one at the least.
void ScanDamage::tell(std::int64_t before) {
    const bool behind = range_.end_offset && expected_ && *expected_ >= *range_.end_offset;
    const std::int64_t last = std::max(before == kMaxRecordOffset ? before : before - 1, expected_.value_or(0));
    const bool in_front = range_.first_offset && last < *range_.first_offset;
    if (!behind && !in_front) {
        for (const Error& error : pending_) {
            sink_.damage(error);
        }
    }
    pending_.clear();
}

}  // namespace kseg::store
