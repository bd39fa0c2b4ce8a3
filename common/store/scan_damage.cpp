// SPDX-License-Identifier: Apache-2.0
#include "store/scan_damage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/checked.hpp"
#include "store/batch_filter.hpp"

namespace kseg::store {
namespace {

// Of more in a row it is not waited for what comes behind them.
constexpr std::size_t kMostPending = 1024;

/// Whether the header of a batch whose CRC is wrong may say the truth about its offsets.
bool can_be(const record::BatchHeader& header, std::int64_t expected) {
    return header.base_offset >= expected && header.last_offset() >= header.base_offset &&
           header.last_offset() - header.base_offset <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

void ScanDamage::add(const segment::Item& item) {
    const bool is_batch = item.outcome == segment::Outcome::batch;
    Error error{.code = Errc::corrupt, .what = {}, .file = file_, .at = item.position.value};
    if (!is_batch) {
        error.what = item.describe_gap();
    } else {
        const record::BatchHeader& header = item.batch.header();
        error.what = fmt::format("batch crc; expected 0x{:08x}, got 0x{:08x}; left out", item.crc_computed, header.crc);
        if (can_be(header, expected_.value_or(0))) {
            // A compressed message of magic 0 or 1 says where it ends; it begins behind what came before.
            tell(error, header.is_legacy() ? expected_.value_or(0) : header.base_offset, header.last_offset());
            return;
        }
    }
    if (pending_.size() == kMostPending) {
        settle(kMaxRecordOffset);
    }
    pending_.push_back(std::move(error));
}

void ScanDamage::good_batch(std::int64_t base_offset, std::int64_t last_offset) {
    settle(std::max(base_offset, expected_.value_or(0)) - 1);
    expected_ = saturating_add(last_offset, 1);
}

void ScanDamage::end() {
    settle(kMaxRecordOffset);
}

/// What is pending may have held the offsets from the expected one to `last`: none, if none is missing.
void ScanDamage::settle(std::int64_t last) {
    for (const Error& error : pending_) {
        tell(error, expected_.value_or(0), last);
    }
    pending_.clear();
}

void ScanDamage::tell(const Error& error, std::int64_t first, std::int64_t last) {
    if (overlaps(range_, first, last)) {
        sink_.damage(error);
    }
}

}  // namespace kseg::store
