// SPDX-License-Identifier: Apache-2.0
#include "broker/aborted.hpp"

#include <algorithm>

#include "wal/files.hpp"

namespace kseg::broker {

Result<std::vector<store::AbortedTransaction>> aborted_transactions(io::Fs& fs, const std::string& directory,
                                                                    std::int64_t from, std::int64_t end) {
    std::vector<store::AbortedTransaction> found;
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
        if (store::add_aborted(content->bytes(), base, from, end, found)) {
            break;
        }
    }
    return found;
}

}  // namespace kseg::broker
