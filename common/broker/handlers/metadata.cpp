// SPDX-License-Identifier: Apache-2.0
// Metadata: the broker, and topics by name, by id, or all. Source: Kafka 4.1, KafkaApis.handleTopicMetadataRequest.
#include "kafka/protocol/messages/metadata.hpp"
#include "broker/handlers/handlers.hpp"

namespace kseg::broker {
namespace {

using protocol::ErrorCode;
using protocol::MetadataRequest;
using protocol::MetadataResponse;

constexpr protocol::Version kFirstWhereNoneIsNone = 1;
constexpr protocol::Version kFirstWithNullNames = 12;

MetadataResponse::MetadataResponseTopic describe(const Broker& broker, const Topic& topic, bool operations) {
    MetadataResponse::MetadataResponseTopic described{
        .name = topic.name, .topic_id = topic.id, .is_internal = topic.is_internal()};
    const std::int32_t node = broker.identity().node_id;
    for (const auto& [number, partition] : topic.partitions) {
        described.partitions.push_back({.partition_index = number,
                                        .leader_id = node,
                                        .leader_epoch = partition->leader_epoch(),
                                        .replica_nodes = {node},
                                        .isr_nodes = {node}});
    }
    described.topic_authorized_operations = operations ? kTopicOperations : INT32_MIN;
    return described;
}

MetadataResponse::MetadataResponseTopic answer_for(Broker& broker, const MetadataRequest& request,
                                                   const MetadataRequest::MetadataRequestTopic& asked,
                                                   protocol::Version version) {
    const bool operations = request.include_topic_authorized_operations;
    if (asked.name && !(asked.name->empty() && !asked.topic_id.is_zero())) {
        if (!is_topic_name(*asked.name)) {
            return {.error_code = ErrorCode::invalid_topic_exception, .name = asked.name};
        }
        const Topic* const topic = broker.find_or_create(*asked.name, request.allow_auto_topic_creation);
        return topic != nullptr ? describe(broker, *topic, operations)
                                : MetadataResponse::MetadataResponseTopic{
                                      .error_code = ErrorCode::unknown_topic_or_partition, .name = asked.name};
    }
    const Topic* const topic = broker.topics().find(asked.topic_id);
    if (topic != nullptr) {
        return describe(broker, *topic, operations);
    }
    return {.error_code = ErrorCode::unknown_topic_id,
            .name = version >= kFirstWithNullNames ? std::nullopt : std::optional(std::string()),
            .topic_id = asked.topic_id};
}

void answer(Broker& broker, const CallPtr& call, const MetadataRequest& request) {
    MetadataResponse response;
    const Address& address = broker.settings().advertised;
    response.brokers.push_back(
        {.node_id = broker.identity().node_id, .host = address.host, .port = address.port, .rack = std::nullopt});
    response.cluster_id = broker.identity().cluster_id;
    response.controller_id = broker.identity().node_id;
    if (request.include_cluster_authorized_operations) {
        response.cluster_authorized_operations = kClusterOperations;
    }
    const bool all = !request.topics || (call->version() < kFirstWhereNoneIsNone && request.topics->empty());
    if (all) {
        for (const auto& [name, topic] : broker.topics().all()) {
            response.topics.push_back(describe(broker, *topic, request.include_topic_authorized_operations));
        }
    } else {
        for (const auto& asked : *request.topics) {
            response.topics.push_back(answer_for(broker, request, asked, call->version()));
        }
    }
    call->answer(response);
}

}  // namespace

void serve_metadata(Broker& broker) {
    broker.dispatcher().serve<MetadataRequest>(
        protocol::ApiKey::metadata,
        [&broker](const CallPtr& call, MetadataRequest&& request) { answer(broker, call, request); });
}

}  // namespace kseg::broker
