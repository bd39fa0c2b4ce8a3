// SPDX-License-Identifier: Apache-2.0
#include "broker/groups/offset_store.hpp"

#include <iterator>
#include <utility>

namespace kseg::broker {

namespace {

const CommittedOffset* find_in(const GroupOffsets& offsets, std::string_view topic, std::int32_t partition) {
    const auto partitions = offsets.find(topic);
    if (partitions == offsets.end()) {
        return nullptr;
    }
    const auto found = partitions->second.find(partition);
    return found == partitions->second.end() ? nullptr : &found->second;
}

/// Removes one offset, and of the maps around it those that it leaves empty.
void remove_from(std::map<std::string, GroupOffsets, std::less<>>& groups, std::string_view group, std::string_view topic,
                 std::int32_t partition) {
    const auto offsets = groups.find(group);
    if (offsets == groups.end()) {
        return;
    }
    const auto partitions = offsets->second.find(topic);
    if (partitions == offsets->second.end()) {
        return;
    }
    partitions->second.erase(partition);
    if (partitions->second.empty()) {
        offsets->second.erase(partitions);
    }
    if (offsets->second.empty()) {
        groups.erase(offsets);
    }
}

void put_into(std::map<std::string, GroupOffsets, std::less<>>& groups, std::string_view group, std::string_view topic,
              std::int32_t partition, CommittedOffset offset) {
    groups[std::string(group)][std::string(topic)].insert_or_assign(partition, std::move(offset));
}

}  // namespace

const GroupOffsets* OffsetStore::find(std::string_view group) const {
    const auto found = committed_.find(group);
    return found == committed_.end() ? nullptr : &found->second;
}

const CommittedOffset* OffsetStore::find(std::string_view group, std::string_view topic, std::int32_t partition) const {
    const GroupOffsets* offsets = find(group);
    return offsets == nullptr ? nullptr : find_in(*offsets, topic, partition);
}

void OffsetStore::put(std::string_view group, std::string_view topic, std::int32_t partition, CommittedOffset offset) {
    put_into(committed_, group, topic, partition, std::move(offset));
}

template <typename Visit>
void OffsetStore::each_open(std::string_view group, Visit&& visit) const {
    const auto producers = open_.find(group);
    if (producers == open_.end()) {
        return;
    }
    for (const std::int64_t producer : producers->second) {
        const auto groups = pending_.find(producer);
        if (groups == pending_.end()) {
            continue;
        }
        const auto offsets = groups->second.find(group);
        if (offsets != groups->second.end() && !visit(offsets->second)) {
            return;
        }
    }
}

void OffsetStore::remove(std::string_view group, std::string_view topic, std::int32_t partition) {
    remove_from(committed_, group, topic, partition);
    const auto producers = open_.find(group);
    if (producers == open_.end()) {
        return;
    }
    for (const std::int64_t producer : producers->second) {
        remove_from(pending_[producer], group, topic, partition);
    }
}

void OffsetStore::put_pending(std::int64_t producer_id, std::string_view group, std::string_view topic,
                              std::int32_t partition, CommittedOffset offset) {
    put_into(pending_[producer_id], group, topic, partition, std::move(offset));
    open_[std::string(group)].insert(producer_id);
}

void OffsetStore::end_transaction(std::int64_t producer_id, bool is_commit) {
    auto ended = pending_.extract(producer_id);
    for (auto producers = open_.begin(); producers != open_.end();) {
        producers->second.erase(producer_id);
        producers = producers->second.empty() ? open_.erase(producers) : std::next(producers);
    }
    if (ended.empty() || !is_commit) {
        return;
    }
    for (auto& [group, topics] : ended.mapped()) {
        for (auto& [topic, partitions] : topics) {
            for (auto& [partition, offset] : partitions) {
                const CommittedOffset* there = find(group, topic, partition);
                if (there == nullptr || offset.record_offset > there->record_offset) {
                    put(group, topic, partition, std::move(offset));
                }
            }
        }
    }
}

bool OffsetStore::is_pending(std::string_view group, std::string_view topic, std::int32_t partition) const {
    bool is_found = false;
    each_open(group, [&](const GroupOffsets& offsets) {
        is_found = find_in(offsets, topic, partition) != nullptr;
        return !is_found;
    });
    return is_found;
}

bool OffsetStore::has_pending(std::string_view group) const {
    bool is_found = false;
    each_open(group, [&](const GroupOffsets&) {
        is_found = true;
        return false;
    });
    return is_found;
}

void OffsetStore::each_pending(std::string_view group,
                               const std::function<void(const std::string& topic, std::int32_t partition)>& visit) const {
    each_open(group, [&](const GroupOffsets& offsets) {
        for (const auto& [topic, partitions] : offsets) {
            for (const auto& [partition, offset] : partitions) {
                visit(topic, partition);
            }
        }
        return true;
    });
}

}  // namespace kseg::broker
