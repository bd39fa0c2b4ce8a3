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

Topics::Topics(Surroundings around)
    : around_(std::move(around)),
      partition_around_(
          [fs = &around_.fs, loop = &around_.loop, store = around_.store, sealed = around_.hooks.sealed,
           cache = around_.store == nullptr ? nullptr : std::make_shared<store::ArchiveCache>()](const std::string& topic) {
              Partition::Surroundings made{.fs = *fs, .loop = *loop};
              if (store != nullptr && !is_internal_topic(topic)) {
                  made.archived = std::make_shared<store::ArchivedLog>(*store, cache);
                  made.on_sealed = sealed;
              }
              return made;
          }),
      registry_(around_.fs, around_.directory),
      maker_({.fs = around_.fs,
              .loop = around_.loop,
              .workers = around_.workers,
              .registry = registry_,
              .directory = around_.directory,
              .wal = around_.wal,
              .partition_around = partition_around_}) {}

bool is_topic_name(std::string_view name) {
    return !name.empty() && name.size() <= kMostNameChars && name != "." && name != ".." &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                      c == '-';
           });
}

std::string Topics::directory_of(const segment::PartitionName& name) const {
    return fmt::format("{}/{}-{}", around_.directory, name.topic, name.partition);
}

Result<void> Topics::open() {
    if (auto loaded = registry_.load(); !loaded) {
        return loaded;
    }
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
    if (auto removed =
            is_read_only() ? Result<void>() : TopicMaker::remove_remains(around_.fs, around_.directory, registry_);
        !removed) {
        return removed;
    }
    if (auto finished = finish_deletions(); !finished) {
        return finished;
    }
    const Registry known = registry_.now();
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
        const auto entry = known.topics.find(name->topic);
        if (entry != known.topics.end() && entry->second.making_from && name->partition >= *entry->second.making_from) {
            continue;  // half made, and nothing may be removed
        }
        auto& topic = topics_[name->topic];
        if (topic == nullptr) {
            topic = std::make_unique<Topic>(Topic{.name = name->topic});
            topic->configs = entry == known.topics.end() ? ConfigValues() : entry->second.configs;
            topic->settings = settings_of(topic->configs, around_.defaults);
            note_name(name->topic);
        }
        if (auto opened = open_partition(*topic, name->partition); !opened) {
            return opened;
        }
    }
    if (auto loaded = load_topic_ids(known); !loaded) {
        return loaded;
    }
    next_producer_id_ = known.next_producer_id;
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

Result<void> Topics::load_topic_ids(const Registry& known) {
    std::map<std::string, protocol::Uuid> unknown;
    for (const auto& [name, topic] : topics_) {
        std::vector<std::string> lacking;
        for (const auto& [number, partition] : topic->partitions) {
            const auto id = read_topic_id(around_.fs, partition->directory());
            if (!id) {
                return id.error();
            }
            if (*id && topic->id.is_zero()) {
                topic->id = **id;
            }
            if (!*id || **id != topic->id) {
                lacking.push_back(partition->directory());
            }
        }
        const auto entry = known.topics.find(name);
        const bool is_known = entry != known.topics.end() && entry->second.id.has_value();
        if (topic->id.is_zero()) {
            topic->id = is_known ? *entry->second.id : random_uuid(around_.random);
        }
        by_id_[topic->id] = topic.get();
        if (lacking.empty() || is_read_only()) {
            continue;
        }
        if (!is_known || *entry->second.id != topic->id) {
            unknown[name] = topic->id;
        }
        for (const std::string& directory : lacking) {
            if (auto put = put_topic_id(around_.fs, directory, topic->id); !put) {
                return put;
            }
        }
    }
    // What was written of them may be lost with the next power cut, but not the ids.
    return unknown.empty() ? Result<void>() : registry_.change([&](Registry& registry) {
        for (const auto& [name, id] : unknown) {
            registry.topics[name].id = id;
        }
    });
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
    auto partition = Partition::open(partition_around_(topic.name), name, directory_of(name), log,
                                     start == log_starts_.end() ? 0 : start->second);
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

void Topics::detach_all() {
    for (const auto& [name, topic] : topics_) {
        for (const auto& [number, partition] : topic->partitions) {
            partition->detach();
        }
    }
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
    forget_name(name);
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
    // An id alone may stay: a topic of that name that is made anew gets another.
    if (!topic->configs.empty()) {
        if (auto saved = registry_.change([&](Registry& registry) { registry.topics.erase(name); }); !saved && outcome) {
            outcome = saved;
        }
    }
    if (had_starts) {
        if (auto saved = save_log_starts(); !saved && outcome) {
            outcome = saved;
        }
    }
    if (!outcome) {
        half_gone_.insert(topic->id);
    }
    if (around_.hooks.removed) {
        around_.hooks.removed(name, topic->id);
    }
    return outcome;
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

Result<std::int64_t> Topics::next_producer_id() {
    if (next_producer_id_ == producer_ids_end_) {
        const std::int64_t end = next_producer_id_ + kProducerIdBlock;
        if (!is_read_only()) {
            if (auto saved = registry_.change([&](Registry& registry) { registry.next_producer_id = end; }); !saved) {
                return saved.error();
            }
        }
        producer_ids_end_ = end;
    }
    return next_producer_id_++;
}

}  // namespace kseg::broker
