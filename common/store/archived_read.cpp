// SPDX-License-Identifier: Apache-2.0
// Reads of whole batches from archives.
#include <algorithm>
#include <utility>

#include "kafka/segment/batch_head.hpp"
#include "store/archived_log.hpp"
#include "store/archived_places.hpp"
#include "store/router.hpp"

namespace kseg::store {
namespace {

using segment::BatchHead;

// As far as the cache has room for several readers.
constexpr std::size_t kMostAheadBytes = std::size_t{4} << 20;
constexpr std::size_t kReadersInCache = 8;

std::uint64_t ahead_bytes(const ArchiveCache& cache) {
    return std::min(kMostAheadBytes, cache.limits().bytes / kReadersInCache);
}

/// Counts the transactions of a batch.
void note_transaction(const record::BatchHeader& header, ArchivedLog::Slice& slice) {
    if (!header.is_transactional()) {
        return;
    }
    slice.transactional = true;
    if (header.is_control()) {
        slice.open.erase(header.producer_id);
    } else {
        slice.open[header.producer_id] = header.last_offset();
    }
}

/// Keeps the whole batches below `end` of what was read, at most `most` bytes of them but for the first.
/// log_left   bytes from where was read to the log's end
void keep_whole_batches(ArchivedLog::Slice& slice, std::int64_t end, std::uint64_t most, std::uint64_t log_left) {
    std::uint64_t at = 0;
    const Bytes bytes = slice.bytes.bytes();
    while (at < bytes.size()) {
        const Bytes rest = bytes.subspan(static_cast<std::size_t>(at));
        const auto head = BatchHead::of(rest.first(std::min(rest.size(), BatchHead::kBytes)), log_left - at);
        if (!head || head->base_offset >= end || head->size > rest.size() || (at + head->size > most && at != 0)) {
            break;
        }
        if (const auto batch = record::BatchView::parse(rest.first(static_cast<std::size_t>(head->size)), {})) {
            note_transaction(batch->header(), slice);
        }
        at += head->size;
        slice.next_offset = head->last_offset + 1;
    }
    slice.bytes.resize(static_cast<std::size_t>(at));
}

Error no_batch(const OpenedArchive& archive, std::uint64_t position) {
    return {.code = Errc::corrupt, .what = "no batch", .file = archive.log_name(), .at = position};
}

}  // namespace

Result<std::optional<ArchivedLog::Slice>> ArchivedLog::read(std::int64_t from, std::int64_t end, std::uint64_t max_bytes,
                                                            bool at_least_one) {
    auto now = listing();
    std::optional<Error> error;
    std::int64_t at = from;
    while (const auto slice = next_slice(*now, at, end)) {
        if (error && slice->first_offset > at) {
            break;  // no other archive has what is damaged in one
        }
        const auto opened = cache_->open(store_, now->archives[slice->segment].name);
        auto found = opened ? read_archive(**opened, slice->first_offset, slice->end_offset, max_bytes, at_least_one)
                            : Result<std::optional<Slice>>(opened.error());
        if (found && *found) {
            (*found)->next_offset = (*found)->bytes.empty() ? from : (*found)->next_offset;
            return found;
        }
        if (found) {
            at = slice->end_offset;
            error.reset();
            continue;
        }
        error = error ? error : found.error();
        const auto others = std::make_shared<PartitionListing>(*now);
        others->resume_archive(slice->segment, slice->end_offset);
        now = others;
    }
    return error ? Result<std::optional<Slice>>(*error) : std::optional<Slice>();
}

Result<std::optional<ArchivedLog::Slice>> ArchivedLog::read_archive(OpenedArchive& archive, std::int64_t from,
                                                                    std::int64_t end, std::uint64_t max_bytes,
                                                                    bool at_least_one) {
    const auto known = known_place(archive, from);
    const auto place = known ? Result<std::optional<std::uint64_t>>(known) : find_batch(*cache_, archive, from);
    if (!place) {
        return place.error();
    }
    if (!*place || **place >= archive.log_size()) {
        return std::optional<Slice>();
    }
    const std::uint64_t position = **place;
    const std::uint64_t left = archive.log_size() - position;
    const auto head = read_head(*cache_, archive, position);
    if (!head) {
        return head.error();
    }
    if (!*head || (*head)->last_offset < from) {
        return no_batch(archive, position);
    }
    if ((*head)->base_offset >= end) {
        return std::optional<Slice>();
    }
    Slice slice{.next_offset = from};
    if ((*head)->size > max_bytes && !at_least_one) {
        return std::optional(std::move(slice));
    }
    const std::uint64_t most = std::max(std::min(max_bytes, left), (*head)->size);
    const auto got = cache_->read(archive, position, most, slice.bytes);
    keep_whole_batches(slice, end, max_bytes, left);
    if (slice.bytes.empty()) {
        return got ? no_batch(archive, position) : got.error();
    }
    const std::uint64_t behind = position + slice.bytes.size();
    remember({.offset = slice.next_offset, .archive = archive.number(), .position = behind});
    slice.read_ahead = known.has_value() && wants_read_ahead(archive, behind);
    return std::optional(std::move(slice));
}

/// Whether what is next of a log, or the beginning of the next one, is still to be read.
bool ArchivedLog::wants_read_ahead(const OpenedArchive& archive, std::uint64_t position) const {
    const std::uint64_t middle = position + ahead_bytes(*cache_) / 2;
    return position >= archive.log_size() ||
           !cache_->has(archive,
                        static_cast<std::size_t>(std::min(middle, archive.log_size() - 1) / ArchiveCache::kPieceBytes));
}

void ArchivedLog::read_ahead(std::int64_t from) {
    std::uint64_t left = ahead_bytes(*cache_);
    const auto now = listing();
    for (auto slice = next_slice(*now, from, kMaxRecordOffset); slice && left != 0;
         slice = next_slice(*now, slice->end_offset, kMaxRecordOffset)) {
        const auto opened = cache_->open(store_, now->archives[slice->segment].name);
        if (!opened) {
            return;  // who reads is told
        }
        OpenedArchive& archive = **opened;
        const auto known = known_place(archive, from);
        const auto place =
            known ? Result<std::optional<std::uint64_t>>(known) : find_batch(*cache_, archive, slice->first_offset);
        if (!place) {
            return;
        }
        const std::uint64_t position = std::min(place->value_or(archive.log_size()), archive.log_size());
        const std::uint64_t part = std::min(left, archive.log_size() - position);
        if (part != 0) {
            const auto first = static_cast<std::size_t>(position / ArchiveCache::kPieceBytes);
            const auto last = static_cast<std::size_t>((position + part - 1) / ArchiveCache::kPieceBytes);
            (void)cache_->pieces(archive, first, last + 1);
        }
        left -= part;
        if (slice->end_offset == kMaxRecordOffset) {
            return;
        }
    }
}

}  // namespace kseg::store
