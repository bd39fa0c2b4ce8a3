// SPDX-License-Identifier: Apache-2.0
#include "store/txn_index.hpp"

#include <span>
#include <variant>

#include "kafka/segment/side_files.hpp"

namespace kseg::store {

bool add_aborted(Bytes txn_index, std::int64_t base_offset, std::int64_t from, std::int64_t end,
                 std::vector<AbortedTransaction>& found) {
    bool past = false;
    (void)segment::read_rows(
        segment::SideFile::txn_index, txn_index, base_offset, [&](std::span<const segment::RowField> row) {
            // In the order of man/kseg-segment.5.
            const auto number = [&](std::size_t at) { return *std::get_if<std::int64_t>(&row[at].value); };
            const std::int64_t producer_id = number(1);
            const std::int64_t first_offset = number(2);
            const std::int64_t last_offset = number(3);
            const std::int64_t last_stable_offset = number(4);
            if (last_offset >= from && first_offset < end) {
                found.push_back({.producer_id = producer_id, .first_offset = first_offset});
            }
            past = past || last_stable_offset >= end;
        });
    return past;
}

}  // namespace kseg::store
