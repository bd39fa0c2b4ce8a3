// SPDX-License-Identifier: Apache-2.0
#include "store/archive_registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace kseg::store {
namespace {

/// The topic id of the archive with the latest records.
std::string newest_topic_id(const std::vector<ArchiveName>& archives) {
    const auto age = [](const ArchiveName& name) {
        return std::tuple(name.last_timestamp.value_or(-1), name.last_offset, name.topic_id);
    };
    const ArchiveName* newest = nullptr;
    for (const ArchiveName& name : archives) {
        if (!name.topic_id.empty() && (newest == nullptr || age(*newest) < age(name))) {
            newest = &name;
        }
    }
    return newest == nullptr ? std::string() : newest->topic_id;
}

}  // namespace

Result<void> ArchiveRegistry::refresh(const std::string& topic) {
    Topic found;
    auto listed = store_.list(archive_prefix(topic), [&](const objects::ObjectInfo& object) {
        if (auto name = parse_archive_name(object.name)) {
            if (name->size != object.size) {
                other_sizes_[object.name] = object.size;
            } else {
                other_sizes_.erase(object.name);
            }
            const std::int32_t partition = name->partition.partition;
            found[partition].push_back(*std::move(name));
        }
        return true;
    });
    if (!listed) {
        return listed;
    }
    for (auto& [partition, archives] : found) {
        // A listing is in the order of names, which stays where these are the same.
        std::ranges::stable_sort(archives, {},
                                 [](const ArchiveName& name) { return std::pair(name.base_offset, -name.last_offset); });
    }
    topics_[topic] = std::move(found);
    return {};
}

Result<const ArchiveRegistry::Topic*> ArchiveRegistry::topic(const std::string& name) {
    if (!topics_.contains(name)) {
        if (const auto listed = refresh(name); !listed) {
            return listed.error();
        }
    }
    return &std::as_const(topics_[name]);
}

Result<std::vector<segment::PartitionName>> ArchiveRegistry::partitions(const std::string& topic_name) {
    const auto found = topic(topic_name);
    if (!found) {
        return found.error();
    }
    std::vector<segment::PartitionName> partitions;
    for (const auto& [partition, archives] : **found) {
        partitions.push_back({.topic = topic_name, .partition = partition});
    }
    return partitions;
}

Result<std::vector<std::string>> ArchiveRegistry::topics() {
    std::set<std::string> found;
    const auto listed = store_.list("", [&found](const objects::ObjectInfo& object) {
        if (const auto name = parse_archive_name(object.name)) {
            found.insert(name->partition.topic);
        }
        return true;
    });
    return listed ? Result<std::vector<std::string>>(std::vector<std::string>(found.begin(), found.end())) : listed.error();
}

Result<PartitionArchives> ArchiveRegistry::archives(const segment::PartitionName& partition, const std::string& topic_id) {
    const auto found = topic(partition.topic);
    if (!found) {
        return found.error();
    }
    PartitionArchives result;
    const auto at = (*found)->find(partition.partition);
    if (at == (*found)->end()) {
        return result;
    }
    const std::string wanted = topic_id.empty() ? newest_topic_id(at->second) : topic_id;
    std::set<std::string> others;
    for (const ArchiveName& name : at->second) {
        // An archive without an id may be of any topic of that name.
        if (name.topic_id.empty() || name.topic_id == wanted) {
            result.archives.push_back(name);
        } else if (topic_id.empty()) {
            others.insert(name.topic_id);
        }
    }
    result.other_topic_ids.assign(others.begin(), others.end());
    return result;
}

Result<std::unique_ptr<io::ReadAt>> ArchiveRegistry::open(const ArchiveName& name) {
    const std::string object = to_string(name);
    if (const auto other = other_sizes_.find(object); other != other_sizes_.end()) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("size; expected {} as in the name, got {}", name.size, other->second),
                     .file = store_.describe(object)};
    }
    return store_.open_listed({.name = object, .size = name.size});
}

}  // namespace kseg::store
