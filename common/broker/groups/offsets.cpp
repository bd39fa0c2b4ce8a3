// SPDX-License-Identifier: Apache-2.0
// OffsetFetch and OffsetDelete. Source: OffsetMetadataManager of Kafka 4's group coordinator, KIP-447, KIP-496.
#include <utility>

#include "broker/groups/coordinator.hpp"

namespace kseg::broker {

using protocol::ErrorCode;

namespace {

using FetchGroup = protocol::OffsetFetchRequest::OffsetFetchRequestGroup;
using FetchedGroup = protocol::OffsetFetchResponse::OffsetFetchResponseGroup;
using FetchedPartition = protocol::OffsetFetchResponse::OffsetFetchResponsePartitions;

FetchedPartition no_offset(std::int32_t partition, ErrorCode error) {
    return {partition, -1, -1, "", error};
}

/// Whether an offset is of another topic of this name than the one that is asked for.
bool is_of_another(const CommittedOffset& offset, const protocol::Uuid& topic_id) {
    return !topic_id.is_zero() && !offset.topic_id.is_zero() && topic_id != offset.topic_id;
}

FetchedPartition fetched(const OffsetStore& store, std::string_view group, std::string_view topic,
                         const protocol::Uuid& topic_id, std::int32_t partition, bool require_stable) {
    // A transaction that ends may still change it, so that whoever starts from here would read records twice.
    if (require_stable && store.is_pending(group, topic, partition)) {
        return no_offset(partition, ErrorCode::unstable_offset_commit);
    }
    const CommittedOffset* offset = store.find(group, topic, partition);
    if (offset == nullptr || is_of_another(*offset, topic_id)) {
        return no_offset(partition, ErrorCode::none);
    }
    return {partition, offset->offset, offset->leader_epoch, offset->metadata, ErrorCode::none};
}

FetchedGroup fetched(const OffsetStore& store, const FetchGroup& request, bool require_stable) {
    FetchedGroup group;
    group.group_id = request.group_id;
    if (request.topics) {
        for (const auto& topic : *request.topics) {
            auto& answered = group.topics.emplace_back();
            answered.name = topic.name;
            answered.topic_id = topic.topic_id;
            for (const std::int32_t partition : topic.partition_indexes) {
                answered.partitions.push_back(
                    fetched(store, request.group_id, topic.name, topic.topic_id, partition, require_stable));
            }
        }
        return group;
    }
    const GroupOffsets* offsets = store.find(request.group_id);
    if (offsets == nullptr) {
        return group;
    }
    for (const auto& [topic, partitions] : *offsets) {
        auto& answered = group.topics.emplace_back();
        answered.name = topic;
        for (const auto& [partition, offset] : partitions) {
            answered.partitions.push_back(fetched(store, request.group_id, topic, {}, partition, require_stable));
        }
    }
    return group;
}

}  // namespace

void GroupCoordinator::fetch_offsets(FetchGroup request, bool require_stable, Answer<FetchedGroup> answer) {
    // What was committed before this request came, and is not durable yet, is part of the answer.
    journal_.when_durable(
        [this, request = std::move(request), require_stable, answer = std::move(answer)](const Result<void>& result) {
            if (result) {
                answer(fetched(offsets_, request, require_stable));
                return;
            }
            FetchedGroup group;
            group.group_id = request.group_id;
            group.error_code = ErrorCode::not_coordinator;
            answer(std::move(group));
        });
}

void GroupCoordinator::delete_offsets(const protocol::OffsetDeleteRequest& request,
                                      Answer<protocol::OffsetDeleteResponse> answer) {
    protocol::OffsetDeleteResponse response;
    const Group* group = find(request.group_id);
    if (request.group_id.empty()) {
        response.error_code = ErrorCode::invalid_group_id;
    } else if (group == nullptr) {
        response.error_code = ErrorCode::group_id_not_found;
    } else if (!group->is_in(GroupState::empty) && !group->is_of_consumers()) {
        // Only of consumers it is known which topics are in use.
        response.error_code = ErrorCode::non_empty_group;
    }
    if (response.error_code != ErrorCode::none) {
        answer(std::move(response));
        return;
    }
    std::vector<std::pair<std::string, std::int32_t>> removed;
    for (const auto& topic : request.topics) {
        auto& answered = response.topics.emplace_back();
        answered.name = topic.name;
        const bool is_in_use = group->is_subscribed_to(topic.name);
        for (const auto& partition : topic.partitions) {
            const std::int32_t index = partition.partition_index;
            answered.partitions.push_back({index, is_in_use ? ErrorCode::group_subscribed_to_topic : ErrorCode::none});
            if (!is_in_use && (offsets_.find(request.group_id, topic.name, index) != nullptr ||
                               offsets_.is_pending(request.group_id, topic.name, index))) {
                removed.emplace_back(topic.name, index);
            }
        }
    }
    remove_offsets(request.group_id, std::move(removed));
    journal_.when_durable([response = std::move(response), answer = std::move(answer)](const Result<void>& result) mutable {
        if (!result) {
            response = {};
            response.error_code = ErrorCode::not_coordinator;
        }
        answer(std::move(response));
    });
}

void GroupCoordinator::on_topic_deleted(std::string_view topic) {
    std::vector<std::string> ids;
    for (const auto& [id, group] : groups_) {
        ids.push_back(id);
    }
    for (const std::string& id : ids) {
        std::vector<std::pair<std::string, std::int32_t>> removed;
        if (const GroupOffsets* offsets = offsets_.find(id); offsets != nullptr) {
            if (const auto partitions = offsets->find(topic); partitions != offsets->end()) {
                for (const auto& [partition, offset] : partitions->second) {
                    removed.emplace_back(topic, partition);
                }
            }
        }
        offsets_.each_pending(id, [&](const std::string& pending, std::int32_t partition) {
            if (pending == topic && offsets_.find(id, topic, partition) == nullptr) {
                removed.emplace_back(topic, partition);
            }
        });
        remove_offsets(id, std::move(removed));
    }
}

}  // namespace kseg::broker
