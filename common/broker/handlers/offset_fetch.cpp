// SPDX-License-Identifier: Apache-2.0
// OffsetFetch: one group, in old versions, or several, each answered by the coordinator (groups/offsets.cpp).
// Source: Kafka 4.3, KafkaApis.handleOffsetFetchRequest, OffsetFetchResponse; KIP-709, KIP-848.
#include "kafka/protocol/messages/offset_fetch.hpp"

#include <cstddef>
#include <memory>
#include <utility>

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

namespace {

using protocol::ErrorCode;
using protocol::OffsetFetchRequest;
using protocol::OffsetFetchResponse;
using Wanted = OffsetFetchRequest::OffsetFetchRequestGroup;
using Fetched = OffsetFetchResponse::OffsetFetchResponseGroup;

/// Offsets were kept elsewhere then, and a missing one was an error.
constexpr protocol::Version kFirstWithoutError = 1;
constexpr protocol::Version kFirstWithGroupError = 2;
constexpr protocol::Version kFirstWithSeveral = 8;
constexpr protocol::Version kFirstWithTopicIds = 10;

Wanted only_group(OffsetFetchRequest& request) {
    Wanted group;
    group.group_id = std::move(request.group_id);
    if (!request.topics) {
        group.topics = std::nullopt;
        return group;
    }
    for (auto& topic : *request.topics) {
        group.topics->push_back({std::move(topic.name), {}, std::move(topic.partition_indexes)});
    }
    return group;
}

/// The answer in the form of one group, whose error has no place of its own in the oldest versions.
OffsetFetchResponse of_one(Fetched group, const Wanted& wanted, protocol::Version version) {
    OffsetFetchResponse response;
    if (group.error_code != ErrorCode::none && version < kFirstWithGroupError && wanted.topics) {
        for (const auto& topic : *wanted.topics) {
            auto& failed = group.topics.emplace_back();
            failed.name = topic.name;
            for (const std::int32_t partition : topic.partition_indexes) {
                failed.partitions.push_back({partition, -1, -1, "", group.error_code});
            }
        }
    }
    response.error_code = group.error_code;
    for (auto& topic : group.topics) {
        auto& answered = response.topics.emplace_back();
        answered.name = std::move(topic.name);
        for (auto& each : topic.partitions) {
            const bool is_missing = version < kFirstWithoutError && each.committed_offset == -1;
            const ErrorCode error =
                is_missing && each.error_code == ErrorCode::none ? ErrorCode::unknown_topic_or_partition : each.error_code;
            answered.partitions.push_back({each.partition_index, each.committed_offset, each.committed_leader_epoch,
                                           std::move(each.metadata), error});
        }
    }
    return response;
}

/// Gives the topics of a group names; those that have none are answered at once and left out.
std::vector<OffsetFetchResponse::OffsetFetchResponseTopics> name_topics(Topics& topics, Wanted& group) {
    std::vector<OffsetFetchResponse::OffsetFetchResponseTopics> unknown;
    std::vector<OffsetFetchRequest::OffsetFetchRequestTopics> known;
    for (auto& wanted : *group.topics) {
        if (const Topic* topic = topics.find(wanted.topic_id); topic != nullptr) {
            wanted.name = topic->name;
            known.push_back(std::move(wanted));
            continue;
        }
        auto& failed = unknown.emplace_back();
        failed.topic_id = wanted.topic_id;
        for (const std::int32_t partition : wanted.partition_indexes) {
            failed.partitions.push_back({partition, -1, -1, "", ErrorCode::unknown_topic_id});
        }
    }
    group.topics = std::move(known);
    return unknown;
}

/// Sets the ids of topics that were not asked for by id; one that is gone has none and cannot be told.
void identify(Topics& topics, Fetched& group) {
    for (auto& each : group.topics) {
        if (const Topic* topic = topics.find(each.name); topic != nullptr && each.topic_id.is_zero()) {
            each.topic_id = topic->id;
        }
    }
    std::erase_if(group.topics, [](const auto& each) { return each.topic_id.is_zero(); });
}

void fetch_several(Broker& broker, GroupCoordinator& groups, const CallPtr& call, OffsetFetchRequest& request) {
    struct Pending {
        OffsetFetchResponse response{};
        std::size_t waiting = 0;
    };
    const auto pending = std::make_shared<Pending>();
    // One more than there are groups, so that the last is not answered before all have been asked.
    pending->waiting = request.groups.size() + 1;
    pending->response.groups.resize(request.groups.size());
    const auto done_with_one = [call, pending] {
        if (--pending->waiting == 0) {
            call->answer(pending->response);
        }
    };
    const bool by_id = call->version() >= kFirstWithTopicIds;
    for (std::size_t i = 0; i < request.groups.size(); ++i) {
        Wanted& wanted = request.groups[i];
        auto unknown = by_id && wanted.topics ? name_topics(broker.topics(), wanted)
                                              : std::vector<OffsetFetchResponse::OffsetFetchResponseTopics>{};
        groups.fetch_offsets(std::move(wanted), request.require_stable,
                             [&broker, pending, done_with_one, i, by_id, unknown = std::move(unknown)](Fetched group) {
                                 if (by_id) {
                                     identify(broker.topics(), group);
                                     group.topics.insert(group.topics.end(), unknown.begin(), unknown.end());
                                 }
                                 pending->response.groups[i] = std::move(group);
                                 done_with_one();
                             });
    }
    done_with_one();
}

}  // namespace

void serve_offset_fetch(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<OffsetFetchRequest>(
        protocol::ApiKey::offset_fetch, [&broker, &groups](const CallPtr& call, OffsetFetchRequest&& request) {
            if (call->version() >= kFirstWithSeveral) {
                fetch_several(broker, groups, call, request);
                return;
            }
            const Wanted wanted = only_group(request);
            groups.fetch_offsets(wanted, request.require_stable, [call, wanted](Fetched group) {
                call->answer(of_one(std::move(group), wanted, call->version()));
            });
        });
}

}  // namespace kseg::broker
