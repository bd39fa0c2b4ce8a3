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

Result<void> Topics::change_registry(const std::function<void(Registry&)>& change) {
    Registry changed = registry_;
    change(changed);
    auto written = write_registry(around_.fs, around_.directory, changed);
    if (written) {
        registry_ = std::move(changed);
    }
    return written;
}

/// A deletion is one from here on: after a crash the next start goes on with it.
Result<void> Topics::note_deletion(const Topic& topic) {
    if (!registry_.uses_store || topic.is_internal()) {
        return {};
    }
    return change_registry([&topic](Registry& registry) { registry.deleted[topic.id] = topic.name; });
}

Result<void> Topics::forget_deleted(const protocol::Uuid& id) {
    return registry_.deleted.contains(id) ? change_registry([&id](Registry& registry) { registry.deleted.erase(id); })
                                          : Result<void>();
}

/// What a crash left of topics that were being deleted; and that this directory has to do with a store from now on.
Result<void> Topics::finish_deletions() {
    if (is_read_only()) {
        return {};
    }
    if (around_.store != nullptr && !registry_.uses_store) {
        if (auto noted = change_registry([](Registry& registry) { registry.uses_store = true; }); !noted) {
            return noted;
        }
    }
    if (registry_.deleted.empty()) {
        return {};
    }
    const auto names = around_.fs.list(around_.directory);
    if (!names) {
        return names.error();
    }
    std::set<std::string> gone;
    for (const std::string& directory : *names) {
        const auto name = segment::is_set_aside(directory) ? std::nullopt : segment::parse_partition_name(directory);
        const auto id = name ? read_topic_id(around_.fs, around_.directory + "/" + directory)
                             : Result<std::optional<protocol::Uuid>>(std::nullopt);
        if (!id) {
            return id.error();
        }
        if (*id && registry_.deleted.contains(**id)) {
            if (auto removed = around_.wal->remove(*name); !removed) {
                return removed;
            }
            gone.insert(name->topic);
        }
    }
    // Where the directories were gone already, what else is known of the topic may not have been.
    for (const auto& [id, name] : registry_.deleted) {
        const bool again = std::ranges::any_of(*names, [&name = name](const std::string& directory) {
            const auto other = segment::is_set_aside(directory) ? std::nullopt : segment::parse_partition_name(directory);
            return other && other->topic == name;
        });
        if (!again) {
            gone.insert(name);
        }
    }
    const auto starts = std::erase_if(log_starts_, [&gone](const auto& start) { return gone.contains(start.first.topic); });
    if (starts != 0) {
        if (auto saved = save_log_starts(); !saved) {
            return saved;
        }
    }
    return change_registry([&gone](Registry& registry) {
        for (const std::string& name : gone) {
            registry.topic_configs.erase(name);
        }
    });
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
    if (auto written = write_topic_id(around_.fs, unfinished, id); !written) {
        return written;
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
    if (ends.empty() || is_read_only() || !is_topic_name(name) || ends.rbegin()->first >= kMostPartitions) {
        return {};
    }
    auto& topic = topics_[name];
    if (topic == nullptr) {
        topic = std::make_unique<Topic>(Topic{.name = name, .id = id});
        topic->configs = registry_.topic_configs[name];
        topic->settings = settings_of(topic->configs, around_.defaults);
        by_id_[id] = topic.get();
    }
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
