// SPDX-License-Identifier: Apache-2.0
// Aborted transactions by the index that Kafka keeps of them beside a segment.
// Layout: man/kseg-segment.5, FILES BESIDE A SEGMENT. Source: Kafka 4.1, TransactionIndex.collectAbortedTxns.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace kseg::store {

struct AbortedTransaction {
    std::int64_t producer_id = -1;
    std::int64_t first_offset = -1;

    friend bool operator==(const AbortedTransaction&, const AbortedTransaction&) = default;
};

/// Adds those of the content of a .txnindex that have offsets in [from, end). What is damaged ends it. Returns whether
/// whatever comes behind, in this index or in those of later segments, began at or behind `end`.
bool add_aborted(Bytes txn_index, std::int64_t base_offset, std::int64_t from, std::int64_t end,
                 std::vector<AbortedTransaction>& found);

}  // namespace kseg::store
