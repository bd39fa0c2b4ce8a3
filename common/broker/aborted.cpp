// SPDX-License-Identifier: Apache-2.0
#include "broker/aborted.hpp"

#include <algorithm>

#include "kafka/segment/side_files.hpp"
#include "wal/files.hpp"

namespace kseg::broker {

Result<std::vector<protocol::FetchResponse::AbortedTransaction>> aborted_transactions(io::Fs& fs,
                                                                                      const std::string& directory,
                                                                                      std::int64_t from, std::int64_t end) {
    std::vector<protocol::FetchResponse::AbortedTransaction> found;
    const auto names = fs.list(directory);
    if (!names) {
        return names.error();
    }
    const std::vector<std::int64_t> indexes = wal::offsets_in(*names, ".txnindex");
    if (indexes.empty()) {
        return found;
    }
    // A transaction stands in the index of the segment that has its marker, which is that of `from` or a later one.
    const std::vector<std::int64_t> segments = wal::offsets_in(*names, ".log");
    const auto after = std::ranges::upper_bound(segments, from);
    const std::int64_t first = after == segments.begin() ? 0 : *std::prev(after);
    for (const std::int64_t base : indexes) {
        if (base < first) {
            continue;
        }
        const auto content = wal::read_file(fs, wal::file_beside(directory, base, ".txnindex"));
        if (!content) {
            return content.error();
        }
        bool past = false;
        (void)segment::read_rows(
            segment::SideFile::txn_index, content->bytes(), base, [&](std::span<const segment::RowField> row) {
                // In the order of man/kseg-segment.5.
                const auto number = [&](std::size_t at) { return *std::get_if<std::int64_t>(&row[at].value); };
                const std::int64_t producer_id = number(1);
                const std::int64_t first_offset = number(2);
                const std::int64_t last_offset = number(3);
                const std::int64_t last_stable_offset = number(4);
                if (last_offset >= from && first_offset < end) {
                    found.push_back({.producer_id = producer_id, .first_offset = first_offset});
                }
                // Whatever comes behind began at or behind what was stable then.
                past = past || last_stable_offset >= end;
            });
        if (past) {
            break;
        }
    }
    return found;
}

}  // namespace kseg::broker
