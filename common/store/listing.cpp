// SPDX-License-Identifier: Apache-2.0
#include "store/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "wal/files.hpp"

namespace kseg::store {
namespace {

std::string directory_name(const segment::PartitionName& partition) {
    return fmt::format("{}-{}", partition.topic, partition.partition);
}

Result<void> add_partitions(io::Fs& fs, const std::string& directory, bool hidden_too,
                            std::vector<segment::PartitionName>& out) {
    const auto names = fs.list(directory);
    if (!names) {
        return names.error();
    }
    for (const std::string& name : *names) {
        if ((!hidden_too && name.starts_with('.')) || segment::is_set_aside(name)) {
            continue;
        }
        auto partition = segment::parse_partition_name(name);
        // Written otherwise, such as orders-03, it is not the partition's directory.
        if (partition && directory_name(*partition) == name) {
            out.push_back(*std::move(partition));
        }
    }
    return {};
}

/// The base offsets in the names of a directory, rising; none where it is no directory.
Result<std::vector<Segment>> segments_in(io::Fs& fs, const std::string& directory, std::string_view extension) {
    const auto there = fs.info(directory);
    if (!there) {
        return there.error();
    }
    std::vector<Segment> segments;
    if (!there->has_value() || !(*there)->is_directory) {
        return segments;
    }
    const auto names = fs.list(directory);
    if (!names) {
        return names.error();
    }
    for (const std::int64_t base_offset : wal::offsets_in(*names, extension)) {
        segments.push_back({.base_offset = base_offset});
    }
    return segments;
}

Result<std::vector<segment::PartitionName>> partitions_in_directories(io::Fs& fs, const Places& places) {
    std::vector<segment::PartitionName> found;
    if (places.store) {
        if (const auto added = add_partitions(fs, *places.store, false, found); !added) {
            return added.error();
        }
    }
    if (places.wal) {
        if (const auto added = add_partitions(fs, *places.wal, true, found); !added) {
            return added.error();
        }
    }
    return found;
}

Result<void> add_archives(const Places& places, PartitionListing& listing) {
    if (places.archives == nullptr) {
        return {};
    }
    auto found = places.archives->archives(listing.name, places.topic_id);
    if (!found) {
        return found.error();
    }
    for (ArchiveName& name : found->archives) {
        ArchivedSegment& segment = listing.archives.emplace_back();
        segment.base_offset = name.base_offset;
        segment.name = std::move(name);
    }
    listing.other_topic_ids = std::move(found->other_topic_ids);
    return {};
}

void set_reach(std::vector<ArchivedSegment>& archives) {
    std::int64_t reach = 0;
    for (ArchivedSegment& segment : archives) {
        reach = std::max(reach, segment.end_offset);
        segment.reach = reach;
    }
}

void bound_archives(std::vector<ArchivedSegment>& archives) {
    std::int64_t next_base = kMaxRecordOffset;
    for (auto at = archives.rbegin(); at != archives.rend(); ++at) {
        const std::int64_t behind = at->name.last_offset + 1;
        if (at != archives.rbegin() && std::prev(at)->base_offset > at->base_offset) {
            next_base = std::prev(at)->base_offset;
        }
        at->next_base = std::max(next_base, behind);
        at->likely_end = behind;
        at->end_offset = at->name.last_timestamp ? behind : at->next_base;
        at->first_offset = at->base_offset;
    }
    set_reach(archives);
}

/// Whether segments may have gone to archives between the listing of these and that of the logs.
bool may_lack_archives(const Places& places, const PartitionListing& listing) {
    if (places.archives == nullptr || !places.wal || (!listing.logs.empty() && listing.logs.front().base_offset == 0)) {
        return false;
    }
    std::int64_t end = 0;
    for (const ArchivedSegment& segment : listing.archives) {
        end = std::max(end, segment.name.last_offset + 1);
    }
    return listing.logs.empty() || end < listing.logs.front().base_offset;
}

void bound_by_next(std::vector<Segment>& segments) {
    for (std::size_t i = 0; i < segments.size(); ++i) {
        segments[i].next_base = i + 1 < segments.size() ? segments[i + 1].base_offset : kMaxRecordOffset;
        segments[i].end_offset = segments[i].likely_end = segments[i].next_base;
    }
}

}  // namespace

void Segment::end_at(std::int64_t offset) {
    end_offset = std::min(end_offset, offset);
    likely_end = std::min(likely_end, offset);
}

std::string PartitionListing::index_path(std::int64_t base_offset) const {
    return fmt::format("{}/{:020d}", index_directory, base_offset);
}

std::string PartitionListing::log_path(std::int64_t base_offset) const {
    return wal::file_beside(log_directory, base_offset, ".log");
}

Result<std::vector<segment::PartitionName>> list_partitions(io::Fs& fs, const Places& places, const std::string& topic) {
    auto found = partitions_in_directories(fs, places);
    if (!found) {
        return found.error();
    }
    std::erase_if(*found, [&topic](const segment::PartitionName& name) { return name.topic != topic; });
    if (places.archives != nullptr) {
        const auto archived = places.archives->partitions(topic);
        if (!archived) {
            return archived.error();
        }
        found->insert(found->end(), archived->begin(), archived->end());
    }
    std::ranges::sort(*found);
    found->erase(std::unique(found->begin(), found->end()), found->end());
    return *std::move(found);
}

Result<std::vector<std::string>> list_topics(io::Fs& fs, const Places& places) {
    const auto partitions = partitions_in_directories(fs, places);
    if (!partitions) {
        return partitions.error();
    }
    std::set<std::string> topics;
    for (const segment::PartitionName& name : *partitions) {
        topics.insert(name.topic);
    }
    if (places.archives != nullptr) {
        const auto archived = places.archives->topics();
        if (!archived) {
            return archived.error();
        }
        topics.insert(archived->begin(), archived->end());
    }
    return std::vector<std::string>(topics.begin(), topics.end());
}

Result<PartitionListing> list_segments(io::Fs& fs, const Places& places, const segment::PartitionName& partition) {
    PartitionListing listing{.name = partition};
    const std::string below = "/" + directory_name(partition);
    if (places.store) {
        listing.index_directory = *places.store + below;
        auto indexes = segments_in(fs, listing.index_directory, "");
        if (!indexes) {
            return indexes.error();
        }
        listing.indexes = *std::move(indexes);
    }
    if (places.wal) {
        listing.log_directory = *places.wal + below;
        auto logs = segments_in(fs, listing.log_directory, ".log");
        if (!logs) {
            return logs.error();
        }
        listing.logs = *std::move(logs);
    }
    if (auto added = add_archives(places, listing); !added) {
        return added.error();
    }
    if (may_lack_archives(places, listing)) {
        if (auto listed = places.archives->refresh(partition.topic); !listed) {
            return listed.error();
        }
        PartitionListing fresh{.name = partition};
        if (auto added = add_archives(places, fresh); !added) {
            return added.error();
        }
        // One that is gone since the first listing is to be told when it is asked for.
        for (ArchivedSegment& segment : fresh.archives) {
            if (std::ranges::find(listing.archives, segment.name, &ArchivedSegment::name) == listing.archives.end()) {
                listing.archives.push_back(std::move(segment));
            }
        }
        std::ranges::stable_sort(listing.archives, {}, [](const ArchivedSegment& segment) {
            return std::tuple(segment.base_offset, -segment.name.last_offset, to_string(segment.name));
        });
    }
    bound_by_names(listing);
    return listing;
}

void PartitionListing::add_archive(const ArchiveName& archive) {
    if (std::ranges::find(archives, archive, &ArchivedSegment::name) != archives.end()) {
        return;
    }
    ArchivedSegment segment;
    segment.base_offset = segment.first_offset = archive.base_offset;
    segment.next_base = segment.end_offset = segment.likely_end = archive.last_offset + 1;
    segment.name = archive;
    archives.insert(std::ranges::upper_bound(archives, archive.base_offset, {}, &ArchivedSegment::first_offset),
                    std::move(segment));
    set_reach(archives);
}

void PartitionListing::resume_archive(std::size_t number, std::int64_t offset) {
    ArchivedSegment segment = archives[number];
    segment.first_offset = offset;
    archives.erase(archives.begin() + static_cast<std::ptrdiff_t>(number));
    archives.insert(std::ranges::upper_bound(archives, offset, {}, &ArchivedSegment::first_offset), std::move(segment));
    set_reach(archives);
}

void bound_by_names(PartitionListing& listing) {
    bound_by_next(listing.indexes);
    bound_by_next(listing.logs);
    bound_archives(listing.archives);
    auto log = listing.logs.begin();
    for (Segment& index : listing.indexes) {
        while (log != listing.logs.end() && log->base_offset < index.base_offset) {
            ++log;
        }
        if (log != listing.logs.end() && log->base_offset == index.base_offset) {
            index.likely_end = std::min(index.end_offset, log->end_offset);
        }
    }
}

}  // namespace kseg::store
