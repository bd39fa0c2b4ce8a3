// SPDX-License-Identifier: Apache-2.0
#include "store/archived_log.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "store/router.hpp"

namespace kseg::store {
namespace {

auto order_of(const ArchiveName& name) {
    return std::tuple(name.base_offset, -name.last_offset, to_string(name));
}

/// A listing that has archives only.
std::shared_ptr<const PartitionListing> listing_of(const std::vector<ArchiveName>& names) {
    auto listing = std::make_shared<PartitionListing>();
    listing->archives.reserve(names.size());
    for (const ArchiveName& name : names) {
        ArchivedSegment& segment = listing->archives.emplace_back();
        segment.base_offset = name.base_offset;
        segment.name = name;
    }
    bound_by_names(*listing);
    return listing;
}

std::vector<ArchiveName> names_of(const PartitionListing& listing) {
    std::vector<ArchiveName> names;
    names.reserve(listing.archives.size());
    for (const ArchivedSegment& segment : listing.archives) {
        names.push_back(segment.name);
    }
    return names;
}

}  // namespace

ArchivedLog::ArchivedLog(objects::ObjectStore& store, std::shared_ptr<ArchiveCache> cache)
    : store_(store), cache_(std::move(cache)), listing_(std::make_shared<PartitionListing>()) {}

ArchivedLog::~ArchivedLog() = default;

std::shared_ptr<const PartitionListing> ArchivedLog::listing() const {
    const std::lock_guard lock(mutex_);
    return listing_;
}

void ArchivedLog::add(const std::vector<ArchiveName>& added) {
    const std::lock_guard lock(mutex_);
    std::vector<ArchiveName> names = names_of(*listing_);
    names.insert(names.end(), added.begin(), added.end());
    std::ranges::sort(names, {}, order_of);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    listing_ = listing_of(names);
}

std::vector<ArchiveName> ArchivedLog::remove_below(std::int64_t offset) {
    const std::lock_guard lock(mutex_);
    std::vector<ArchiveName> names = names_of(*listing_);
    const auto gone = std::stable_partition(names.begin(), names.end(), [offset](const ArchiveName& name) {
        return std::max(name.base_offset, name.last_offset) >= offset;
    });
    std::vector<ArchiveName> removed(std::make_move_iterator(gone), std::make_move_iterator(names.end()));
    if (!removed.empty()) {
        names.erase(gone, names.end());
        listing_ = listing_of(names);
    }
    return removed;
}

std::vector<ArchiveName> ArchivedLog::names() const {
    return names_of(*listing());
}

bool ArchivedLog::empty() const {
    return listing()->archives.empty();
}

std::optional<std::int64_t> ArchivedLog::start() const {
    const auto there = listing();
    return there->archives.empty() ? std::nullopt : std::optional(there->archives.front().base_offset);
}

std::optional<std::int64_t> ArchivedLog::end() const {
    std::optional<std::int64_t> end;
    for (const auto there = listing(); const ArchivedSegment& segment : there->archives) {
        end = std::max(end.value_or(segment.base_offset), segment.name.last_offset + 1);
    }
    return end;
}

std::uint64_t ArchivedLog::size_bytes() const {
    std::uint64_t sum = 0;
    for (const auto there = listing(); const ArchivedSegment& segment : there->archives) {
        sum += segment.name.size;
    }
    return sum;
}

void ArchivedLog::remember(const Known& known) {
    const std::lock_guard lock(mutex_);
    const auto same = std::ranges::find_if(
        known_, [&](const Known& one) { return one.offset == known.offset && one.archive == known.archive; });
    if (same != known_.end()) {
        *same = known;
        return;
    }
    known_[next_known_] = known;
    next_known_ = (next_known_ + 1) % known_.size();
}

std::optional<std::uint64_t> ArchivedLog::known_place(const OpenedArchive& archive, std::int64_t from) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        known_, [&](const Known& one) { return one.offset == from && one.archive == archive.number(); });
    return found == known_.end() ? std::nullopt : std::optional(found->position);
}

}  // namespace kseg::store
