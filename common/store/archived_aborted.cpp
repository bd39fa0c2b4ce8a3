// SPDX-License-Identifier: Apache-2.0
// Aborted transactions of archived records. Kafka looks through the indexes of all later segments until one tells that
// nothing older is open. Here looking ends where everybody whose records are in the answer has come to the end of his
// transaction, which the batch tables tell: mostly in the archive that was read.
#include <algorithm>

#include "io/read_all.hpp"
#include "kafka/record/batch.hpp"
#include "store/archived_log.hpp"
#include "store/router.hpp"

namespace kseg::store {
namespace {

constexpr std::uint64_t kMostIndexBytes = std::uint64_t{256} << 20;

/// Adds what the index in an archive tells. Returns whether nothing behind it can be in the range.
Result<bool> add_of_archive(const OpenedArchive& opened, std::int64_t from, std::int64_t end,
                            std::vector<AbortedTransaction>& found) {
    const std::string member = opened.side_member(".txnindex");
    if (opened.archive().find(member) == nullptr) {
        return false;
    }
    const auto file = opened.archive().open_member(member);
    const auto content = file ? io::read_all(**file, kMostIndexBytes) : Result<ByteBuffer>(file.error());
    if (!content) {
        return content.error().in_file(opened.archive().name());
    }
    return add_aborted(content->bytes(), opened.base_offset(), from, end, found);
}

/// Takes out those whose transaction ends in an archive, at or behind `from`.
Result<void> take_out_ended(OpenedArchive& opened, std::int64_t from, OpenTransactions& open) {
    const auto table = opened.table();
    if (!table) {
        return table.error();
    }
    return (*table)->scan({.first_offset = from}, [&open](const index::BatchRow& row) -> Result<bool> {
        if ((row.attributes & record::kControlBit) != 0 && row.magic >= 2) {
            const auto found = open.find(row.producer_id);
            if (found != open.end() && found->second < row.base_offset) {
                open.erase(found);
            }
        }
        return !open.empty();
    });
}

}  // namespace

Result<ArchivedLog::Aborted> ArchivedLog::aborted(std::int64_t from, std::int64_t end, OpenTransactions& open) {
    Aborted result;
    const auto now = listing();
    std::int64_t at = from;
    while (const auto slice = next_slice(*now, at, kMaxRecordOffset)) {
        const auto opened = cache_->open(store_, now->archives[slice->segment].name);
        if (!opened) {
            return opened.error();
        }
        const auto past = add_of_archive(**opened, from, end, result.transactions);
        if (!past) {
            return past.error();
        }
        if (!open.empty() && !*past) {
            // Without a table nobody is known to have ended, and one looks on.
            if (const auto taken = take_out_ended(**opened, at, open); !taken && taken.error().code == Errc::io) {
                return taken.error();
            }
        }
        if (*past || open.empty()) {
            open.clear();
            return result;
        }
        at = slice->end_offset;
        if (at == kMaxRecordOffset) {
            break;
        }
    }
    result.complete = open.empty();
    return result;
}

}  // namespace kseg::store
