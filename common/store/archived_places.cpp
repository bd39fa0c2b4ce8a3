// SPDX-License-Identifier: Apache-2.0
#include "store/archived_places.hpp"

#include <algorithm>
#include <string>

#include "io/read_all.hpp"
#include "kafka/segment/side_files.hpp"

namespace kseg::store {
namespace {

using segment::BatchHead;

// An index of Kafka has at most 10 MiB unless it was told otherwise.
constexpr std::uint64_t kMostIndexBytes = std::uint64_t{64} << 20;

Error no_batch(const OpenedArchive& archive, std::uint64_t position) {
    return {.code = Errc::corrupt, .what = "no batch", .file = archive.log_name(), .at = position};
}

Result<std::optional<std::uint64_t>> find_by_table(const index::BatchTable& table, const OpenedArchive& archive,
                                                   std::int64_t from) {
    std::optional<index::BatchRow> first;
    const auto scanned = table.scan({.first_offset = from}, [&first](const index::BatchRow& row) {
        first = row;
        return Result<bool>(false);
    });
    if (!scanned) {
        return scanned.error();
    }
    if (!first) {
        return std::optional<std::uint64_t>();
    }
    return first->kind == index::RowKind::gap ? Result<std::optional<std::uint64_t>>(no_batch(archive, first->position))
                                              : std::optional(first->position);
}

/// Where Kafka's index lets the search begin.
std::uint64_t find_by_index(const OpenedArchive& archive, std::int64_t from) {
    const auto file = archive.archive().open_member(archive.side_member(".index"));
    const auto content = file ? io::read_all(**file, kMostIndexBytes) : Result<ByteBuffer>(file.error());
    if (!content) {
        return 0;
    }
    const auto index = segment::parse_offset_index(content->bytes(), archive.base_offset());
    if (index.damage) {
        return 0;
    }
    const auto after = std::ranges::upper_bound(index.entries, from, {}, &segment::OffsetIndexEntry::offset);
    return after == index.entries.begin() ? 0 : std::prev(after)->position;
}

}  // namespace

Result<std::optional<BatchHead>> read_head(ArchiveCache& cache, OpenedArchive& archive, std::uint64_t position) {
    const std::uint64_t left = archive.log_size() - std::min(position, archive.log_size());
    ByteBuffer head;
    const auto read = cache.read(archive, position, std::min<std::uint64_t>(left, BatchHead::kBytes), head);
    if (!read) {
        return read.error();
    }
    return BatchHead::of(head.bytes(), left);
}

Result<std::optional<std::uint64_t>> find_batch(ArchiveCache& cache, OpenedArchive& archive, std::int64_t from) {
    const auto table = archive.table();
    if (table) {
        auto found = find_by_table(**table, archive, from);
        if (found || found.error().file == archive.log_name() || found.error().code == Errc::io) {
            return found;
        }
    } else if (table.error().code == Errc::io) {
        return table.error();
    }
    for (std::uint64_t at = find_by_index(archive, from); at < archive.log_size();) {
        const auto head = read_head(cache, archive, at);
        if (!head) {
            return head.error();
        }
        if (!*head) {
            return no_batch(archive, at);
        }
        if ((*head)->last_offset >= from) {
            return std::optional(at);
        }
        at += (*head)->size;
    }
    return std::optional<std::uint64_t>();
}

}  // namespace kseg::store
