// SPDX-License-Identifier: Apache-2.0
#include "broker/topics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/remove_tree.hpp"
#include "store/archived_log.hpp"

namespace kseg::broker {
namespace {

constexpr std::string_view kLogStarts = "/log-start-offset-checkpoint";
constexpr std::size_t kMostNameChars = 249;
constexpr std::int64_t kProducerIdBlock = 1000;
// A cluster's own log, which no client reads.
constexpr std::string_view kMetadataTopic = "__cluster_metadata";

Error read_only_error(const std::string& directory) {
    return {.code = Errc::unsupported, .what = "is served read-only", .file = directory};
}

}  // namespace

bool is_topic_name(std::string_view name) {
    return !name.empty() && name.size() <= kMostNameChars && name != "." && name != ".." &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                      c == '-';
           });
}

Topics::Topics(Surroundings around)
    : around_(std::move(around)),
      archive_cache_(around_.store == nullptr ? nullptr : std::make_shared<store::ArchiveCache>()) {}

std::string Topics::directory_of(const segment::PartitionName& name) const {
    return fmt::format("{}/{}-{}", around_.directory, name.topic, name.partition);
}

Result<void> Topics::open() {
    auto registry = read_registry(around_.fs, around_.directory);
    if (!registry) {
        return registry.error();
    }
    registry_ = *std::move(registry);
    auto starts = wal::read_partition_offsets(around_.fs, around_.directory + std::string(kLogStarts));
    if (!starts && starts.error().code == Errc::io) {
        return starts.error();
    }
    if (starts) {
        log_starts_ = *std::move(starts);
    }
    if (auto removed = remove_set_aside(); !removed) {
        return removed;
    }
    if (auto finished = finish_deletions(); !finished) {
        return finished;
    }
    const auto names = around_.fs.list(around_.directory);
    if (!names) {
        return names.error();
    }
    for (const std::string& directory : *names) {
        const auto name = segment::is_set_aside(directory) ? std::nullopt : segment::parse_partition_name(directory);
        if (!name || name->topic == kMetadataTopic) {
            continue;
        }
        const auto info = around_.fs.info(around_.directory + "/" + directory);
        if (!info) {
            return info.error();
        }
        if (!*info || !(*info)->is_directory) {
            continue;
        }
        auto& topic = topics_[name->topic];
        if (topic == nullptr) {
            topic = std::make_unique<Topic>(Topic{.name = name->topic});
            topic->configs = registry_.topic_configs[name->topic];
            topic->settings = settings_of(topic->configs, around_.defaults);
        }
        if (auto opened = open_partition(*topic, name->partition); !opened) {
            return opened;
        }
    }
    if (auto loaded = load_topic_ids(); !loaded) {
        return loaded;
    }
    next_producer_id_ = registry_.next_producer_id;
    for (const auto& [name, topic] : topics_) {
        for (const auto& [number, partition] : topic->partitions) {
            next_producer_id_ = std::max(next_producer_id_, partition->largest_producer_id() + 1);
        }
    }
    producer_ids_end_ = next_producer_id_;
    return {};
}

/// What a deletion was interrupted at goes.
Result<void> Topics::remove_set_aside() {
    const auto names =
        is_read_only() ? Result<std::vector<std::string>>(std::vector<std::string>()) : around_.fs.list(around_.directory);
    if (!names) {
        return names.error();
    }
    for (const std::string& name : *names) {
        if (name.ends_with("-delete") && segment::parse_partition_name(name)) {
            if (auto removed = io::remove_tree(around_.fs, around_.directory + "/" + name); !removed) {
                return removed;
            }
        }
    }
    return {};
}

Result<void> Topics::load_topic_ids() {
    for (const auto& [name, topic] : topics_) {
        for (const auto& [number, partition] : topic->partitions) {
            const auto id = read_topic_id(around_.fs, partition->directory());
            if (!id) {
                return id.error();
            }
            if (*id) {
                topic->id = **id;
                break;
            }
        }
        if (topic->id.is_zero()) {
            topic->id = random_uuid(around_.random);
        }
        by_id_[topic->id] = topic.get();
        for (const auto& [number, partition] : topic->partitions) {
            if (is_read_only()) {
                continue;
            }
            const auto id = read_topic_id(around_.fs, partition->directory());
            if (!id || *id != topic->id) {
                if (auto written = write_topic_id(around_.fs, partition->directory(), topic->id); !written) {
                    return written;
                }
            }
        }
    }
    return {};
}

Result<void> Topics::open_partition(Topic& topic, std::int32_t number) {
    const segment::PartitionName name{.topic = topic.name, .partition = number};
    wal::PartitionLog* log = nullptr;
    if (!is_read_only()) {
        const auto opened = around_.wal->partition(name, topic.settings.segments);
        if (!opened) {
            return opened.error();
        }
        log = *opened;
    }
    const auto start = log_starts_.find(name);
    const bool has_archives = around_.store != nullptr && !topic.is_internal();
    auto partition = Partition::open(
        {.fs = around_.fs,
         .loop = around_.loop,
         .archived = has_archives ? std::make_shared<store::ArchivedLog>(*around_.store, archive_cache_) : nullptr,
         .on_sealed = has_archives ? around_.hooks.sealed : nullptr},
        name, directory_of(name), log, start == log_starts_.end() ? 0 : start->second);
    if (!partition) {
        return partition.error();
    }
    topic.partitions[number] = *std::move(partition);
    return {};
}

Topic* Topics::find(std::string_view name) {
    const auto found = topics_.find(name);
    return found == topics_.end() ? nullptr : found->second.get();
}

Topic* Topics::find(const protocol::Uuid& id) {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

const Topic* Topics::colliding(std::string_view name) const {
    const auto plain = [](std::string_view text) {
        std::string same(text);
        std::ranges::replace(same, '.', '_');
        return same;
    };
    const std::string wanted = plain(name);
    for (const auto& [other, topic] : topics_) {
        if (other != name && plain(other) == wanted) {
            return topic.get();
        }
    }
    return nullptr;
}

Result<Topic*> Topics::create(const std::string& name, std::int32_t count, const ConfigValues& configs) {
    if (is_read_only()) {
        return read_only_error(around_.directory);
    }
    if (topics_.contains(name)) {
        return Error{.code = Errc::exists, .what = fmt::format("Topic '{}' already exists.", name)};
    }
    // Settings first: a topic without those that it was made with would be another one.
    if (!configs.empty()) {
        registry_.topic_configs[name] = configs;
        if (auto saved = save_registry(); !saved) {
            return saved.error();
        }
    }
    auto topic = std::make_unique<Topic>(Topic{.name = name, .id = random_uuid(around_.random), .configs = configs});
    topic->settings = settings_of(configs, around_.defaults);
    Topic* const made = topics_.emplace(name, std::move(topic)).first->second.get();
    by_id_[made->id] = made;
    if (auto added = add_partitions(*made, count); !added) {
        (void)remove(name);
        return added.error();
    }
    return made;
}

Result<void> Topics::add_partitions(Topic& topic, std::int32_t count) {
    if (is_read_only()) {
        return read_only_error(around_.directory);
    }
    const std::int32_t first = topic.partitions.empty() ? 0 : topic.partitions.rbegin()->first + 1;
    for (std::int32_t number = first; number < first + count; ++number) {
        if (auto opened = open_partition(topic, number); !opened) {
            return opened;
        }
        if (auto written = write_topic_id(around_.fs, topic.partitions[number]->directory(), topic.id); !written) {
            return written;
        }
    }
    return {};
}

Result<void> Topics::remove(const std::string& name) {
    if (is_read_only()) {
        return read_only_error(around_.directory);
    }
    const auto found = topics_.find(name);
    if (found == topics_.end()) {
        return Error{.code = Errc::invalid, .what = "no such topic", .file = name};
    }
    if (auto noted = note_deletion(*found->second); !noted) {
        return noted;
    }
    const std::unique_ptr<Topic> topic = std::move(found->second);
    topics_.erase(found);
    by_id_.erase(topic->id);
    Result<void> outcome;
    bool had_starts = false;
    for (const auto& [number, partition] : topic->partitions) {
        const segment::PartitionName partition_name = partition->name();
        partition->detach();
        if (auto removed = around_.wal->remove(partition_name); !removed && outcome) {
            outcome = removed;
        }
        had_starts = log_starts_.erase(partition_name) != 0 || had_starts;
    }
    if (registry_.topic_configs.erase(name) != 0) {
        if (auto saved = save_registry(); !saved && outcome) {
            outcome = saved;
        }
    }
    if (had_starts) {
        if (auto saved = save_log_starts(); !saved && outcome) {
            outcome = saved;
        }
    }
    if (around_.hooks.removed) {
        around_.hooks.removed(name, topic->id);
    }
    return outcome;
}

Result<void> Topics::set_configs(Topic& topic, const ConfigValues& configs) {
    if (is_read_only()) {
        return read_only_error(around_.directory);
    }
    Registry changed = registry_;
    changed.topic_configs[topic.name] = configs;
    if (auto saved = write_registry(around_.fs, around_.directory, changed); !saved) {
        return saved;
    }
    registry_ = std::move(changed);
    topic.configs = configs;
    topic.settings = settings_of(configs, around_.defaults);
    return {};
}

Result<void> Topics::remove_records(Partition& partition, std::int64_t offset) {
    if (is_read_only()) {
        return read_only_error(around_.directory);
    }
    // Durable first, so that no restart shows records again whose deletion was told.
    // What lies below log_start() is deleted too only where it is known to be the beginning.
    const std::int64_t start = partition.archives_known() ? partition.log_start() : partition.deleted_below();
    log_starts_[partition.name()] = std::max(offset, start);
    if (auto saved = save_log_starts(); !saved) {
        return saved;
    }
    auto removed = partition.remove_below(offset);
    if (around_.hooks.shortened) {
        around_.hooks.shortened(partition);
    }
    return removed;
}

Result<void> Topics::save_log_starts() {
    return wal::write_partition_offsets(around_.fs, around_.directory + std::string(kLogStarts), log_starts_);
}

Result<void> Topics::save_registry() {
    return write_registry(around_.fs, around_.directory, registry_);
}

Result<std::int64_t> Topics::next_producer_id() {
    if (next_producer_id_ == producer_ids_end_) {
        registry_.next_producer_id = next_producer_id_ + kProducerIdBlock;
        if (!is_read_only()) {
            if (auto saved = save_registry(); !saved) {
                registry_.next_producer_id = next_producer_id_;
                return saved.error();
            }
        }
        producer_ids_end_ = registry_.next_producer_id;
    }
    return next_producer_id_++;
}

}  // namespace kseg::broker
