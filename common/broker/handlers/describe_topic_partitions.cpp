// SPDX-License-Identifier: Apache-2.0
// DescribeTopicPartitions: partitions a page at a time. Source: KIP-966, Kafka 4.1, DescribeTopicPartitionsRequestHandler.
#include <algorithm>
#include <set>

#include "broker/handlers/handlers.hpp"
#include "kafka/protocol/messages/describe_topic_partitions.hpp"

namespace kseg::broker {
namespace {

using protocol::DescribeTopicPartitionsRequest;
using protocol::DescribeTopicPartitionsResponse;
using protocol::ErrorCode;

constexpr std::int32_t kMostPartitionsInAnswer = 2000;

DescribeTopicPartitionsResponse answer_of(Broker& broker, const DescribeTopicPartitionsRequest& request) {
    std::set<std::string> names;
    for (const auto& topic : request.topics) {
        names.insert(topic.name);
    }
    if (request.topics.empty()) {
        for (const auto& [name, topic] : broker.topics().all()) {
            names.insert(name);
        }
    }
    std::int32_t left = std::clamp(request.response_partition_limit, 1, kMostPartitionsInAnswer);
    DescribeTopicPartitionsResponse response;
    const std::int32_t node = broker.identity().node_id;
    for (const std::string& name : names) {
        if (request.cursor && name < request.cursor->topic_name) {
            continue;
        }
        const Topic* const topic = broker.topics().find(name);
        if (topic == nullptr) {
            response.topics.push_back({.error_code = is_topic_name(name) ? ErrorCode::unknown_topic_or_partition
                                                                         : ErrorCode::invalid_topic_exception,
                                       .name = name});
            continue;
        }
        if (left == 0) {
            response.next_cursor = {.topic_name = name, .partition_index = topic->partitions.begin()->first};
            break;
        }
        auto& described = response.topics.emplace_back();
        described.name = name;
        described.topic_id = topic->id;
        described.is_internal = topic->is_internal();
        described.topic_authorized_operations = kTopicOperations;
        const bool goes_on = request.cursor && name == request.cursor->topic_name;
        for (auto at = topic->partitions.lower_bound(goes_on ? request.cursor->partition_index : 0);
             at != topic->partitions.end(); ++at) {
            if (left == 0) {
                response.next_cursor = {.topic_name = name, .partition_index = at->first};
                return response;
            }
            --left;
            described.partitions.push_back({.partition_index = at->first,
                                            .leader_id = node,
                                            .leader_epoch = at->second->leader_epoch(),
                                            .replica_nodes = {node},
                                            .isr_nodes = {node},
                                            .eligible_leader_replicas = std::vector<std::int32_t>(),
                                            .last_known_elr = std::vector<std::int32_t>()});
        }
    }
    return response;
}

}  // namespace

void serve_describe_topic_partitions(Broker& broker) {
    broker.dispatcher().serve<DescribeTopicPartitionsRequest>(
        protocol::ApiKey::describe_topic_partitions,
        [&broker](const CallPtr& call, DescribeTopicPartitionsRequest&& request) {
            call->answer(answer_of(broker, request));
        });
}

}  // namespace kseg::broker
