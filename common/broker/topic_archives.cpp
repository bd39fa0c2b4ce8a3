// SPDX-License-Identifier: Apache-2.0
// Topics whose records are in a store as well: deletions that have to reach it, and topics that only it has.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "broker/topics.hpp"
#include "io/remove_tree.hpp"
#include "kafka/segment/log_dir.hpp"
#include "wal/files.hpp"

namespace kseg::broker {
namespace {

constexpr std::size_t kMostNameBytes = 255;

/// A name that every broker takes for that of a log to be deleted, and so removes when it starts.
std::string unfinished_name(const segment::PartitionName& name) {
    const std::string suffix = fmt::format(".{:032x}-delete", 0);
    return fmt::format("{}-{}", name.topic, name.partition).substr(0, kMostNameBytes - suffix.size()) + suffix;
}

}  // namespace

/// A deletion is one from here on: after a crash the next start goes on with it.
Result<void> Topics::note_deletion(const Topic& topic) {
    if (!registry_.now().uses_store || topic.is_internal()) {
        return {};
    }
    return registry_.change([&topic](Registry& registry) { registry.deleted[topic.id] = topic.name; });
}

bool Topics::is_gone(const protocol::Uuid& id) const {
    return !half_gone_.contains(id) && !by_id_.contains(id) && registry_.now().deleted.contains(id);
}

Result<void> Topics::forget_deleted(const protocol::Uuid& id) {
    const Registry known = registry_.now();
    const auto deleted = known.deleted.find(id);
    if (deleted == known.deleted.end()) {
        return {};
    }
    return registry_.change([&](Registry& registry) {
        registry.deleted.erase(id);
        // What is begun under the name and not finished must not be taken for this topic.
        const auto entry = registry.topics.find(deleted->second);
        if (entry != registry.topics.end() && entry->second.id == id) {
            registry.topics.erase(entry);
        }
    });
}

/// What a crash left of topics that were being deleted; and that this directory has to do with a store from now on.
Result<void> Topics::finish_deletions() {
    if (is_read_only()) {
        return {};
    }
    const Registry known = registry_.now();
    if (around_.store != nullptr && !known.uses_store) {
        if (auto noted = registry_.change([](Registry& registry) { registry.uses_store = true; }); !noted) {
            return noted;
        }
    }
    if (known.deleted.empty()) {
        return {};
    }
    const auto names = around_.fs.list(around_.directory);
    if (!names) {
        return names.error();
    }
    std::set<std::string> there;
    for (const std::string& directory : *names) {
        const auto name = segment::is_set_aside(directory) ? std::nullopt : segment::parse_partition_name(directory);
        if (!name) {
            continue;
        }
        auto id = read_topic_id(around_.fs, around_.directory + "/" + directory);
        if (!id) {
            return id.error();
        }
        if (const auto entry = known.topics.find(name->topic); !*id && entry != known.topics.end()) {
            id = entry->second.id;
        }
        if (!*id || !known.deleted.contains(**id)) {
            there.insert(name->topic);
        } else if (auto removed = around_.wal->remove(*name); !removed) {
            return removed;
        }
    }
    // What else is known of a topic that has gone, unless another one has its name.
    const auto is_gone = [&](const std::string& topic) {
        return !there.contains(topic) &&
               std::ranges::any_of(known.deleted, [&](const auto& deleted) { return deleted.second == topic; });
    };
    if (std::erase_if(log_starts_, [&](const auto& start) { return is_gone(start.first.topic); }) != 0) {
        if (auto saved = save_log_starts(); !saved) {
            return saved;
        }
    }
    return std::ranges::any_of(known.topics, [&](const auto& topic) { return is_gone(topic.first); })
               ? registry_.change([&](Registry& registry) {
                     std::erase_if(registry.topics, [&](const auto& topic) { return is_gone(topic.first); });
                 })
               : Result<void>();
}

/// Makes the directory of a partition whose log begins at an offset.
Result<void> Topics::make_adopted(const segment::PartitionName& name, const protocol::Uuid& id, std::int64_t begin) {
    const std::string unfinished = around_.directory + "/" + unfinished_name(name);
    if (auto cleared = io::remove_tree(around_.fs, unfinished); !cleared) {
        return cleared;
    }
    if (auto made = around_.fs.make_directories(unfinished); !made) {
        return made;
    }
    {
        const auto log = around_.fs.create(wal::file_beside(unfinished, begin, ".log"));
        if (!log) {
            return log.error();
        }
        if (auto synced = (*log)->sync(); !synced) {
            return synced;
        }
    }
    if (auto put = put_topic_id(around_.fs, unfinished, id); !put) {
        return put;
    }
    if (auto synced = around_.fs.sync_directory(unfinished); !synced) {
        return synced;
    }
    if (auto renamed = around_.fs.rename(unfinished, directory_of(name)); !renamed) {
        return renamed;
    }
    return around_.fs.sync_directory(around_.directory);
}

Result<void> Topics::adopt(const std::string& name, const protocol::Uuid& id,
                           const std::map<std::int32_t, std::int64_t>& ends) {
    if (ends.empty() || is_read_only() || is_changing(name) || !is_topic_name(name) ||
        ends.rbegin()->first >= kMostPartitions) {
        return {};
    }
    auto found = topics_.find(name);
    if (found == topics_.end()) {
        // The id first, which the directories hold but not durably.
        if (auto noted = registry_.change([&](Registry& registry) { registry.topics[name] = {.id = id}; }); !noted) {
            return noted;
        }
        found = topics_.emplace(name, std::make_unique<Topic>(Topic{.name = name, .id = id})).first;
        found->second->settings = settings_of({}, around_.defaults);
        by_id_[id] = found->second.get();
        note_name(name);
    }
    Topic* const topic = found->second.get();
    const std::int32_t first = topic->partitions.empty() ? 0 : ends.begin()->first;
    for (std::int32_t number = first; number <= ends.rbegin()->first; ++number) {
        if (topic->find(number) != nullptr) {
            continue;
        }
        const segment::PartitionName partition{.topic = name, .partition = number};
        const auto end = ends.find(number);
        if (auto made = make_adopted(partition, id, end == ends.end() ? 0 : end->second); !made) {
            return made;
        }
        if (auto opened = open_partition(*topic, number); !opened) {
            return opened;
        }
    }
    return {};
}

}  // namespace kseg::broker
