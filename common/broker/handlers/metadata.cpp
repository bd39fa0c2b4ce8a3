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
        const Topic* const topic = broker.topics().find(*asked.name);
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

void fill(Broker& broker, protocol::Version version, const MetadataRequest& request, MetadataResponse& response) {
    const Address& address = broker.settings().advertised;
    response.brokers.push_back(
        {.node_id = broker.identity().node_id, .host = address.host, .port = address.port, .rack = std::nullopt});
    response.cluster_id = broker.identity().cluster_id;
    response.controller_id = broker.identity().node_id;
    if (request.include_cluster_authorized_operations) {
        response.cluster_authorized_operations = kClusterOperations;
    }
    const bool all = !request.topics || (version < kFirstWhereNoneIsNone && request.topics->empty());
    if (all) {
        for (const auto& [name, topic] : broker.topics().all()) {
            response.topics.push_back(describe(broker, *topic, request.include_topic_authorized_operations));
        }
    } else {
        for (const auto& asked : *request.topics) {
            response.topics.push_back(answer_for(broker, request, asked, version));
        }
    }
}

void answer(Broker& broker, const CallPtr& call, const MetadataRequest& request) {
    MetadataResponse response;
    fill(broker, call->version(), request, response);
    call->answer(response);
}

using Asked = Gathering<MetadataRequest, MetadataResponse>;

/// Begins to make what is missing, if it may, and answers when all of that is there.
void create_and_answer(Broker& broker, const CallPtr& call, MetadataRequest&& request) {
    const auto asked = Asked::begin(broker, call, std::move(request));
    const auto part_done = [&broker, weak = std::weak_ptr(asked)] {
        if (const auto waiting = weak.lock()) {
            if (waiting->open_parts == 1) {
                fill(broker, waiting->call->version(), waiting->request, waiting->response);
            }
            waiting->done_with_one(broker);
        }
    };
    for (const auto& topic : *asked->request.topics) {
        if (topic.name && broker.make_if_missing(*topic.name, part_done)) {
            ++asked->open_parts;
        }
    }
    part_done();
}

}  // namespace

void serve_metadata(Broker& broker) {
    broker.dispatcher().serve<MetadataRequest>(protocol::ApiKey::metadata,
                                               [&broker](const CallPtr& call, MetadataRequest&& request) {
                                                   if (request.topics && request.allow_auto_topic_creation) {
                                                       create_and_answer(broker, call, std::move(request));
                                                   } else {
                                                       answer(broker, call, request);
                                                   }
                                               });
}

}  // namespace kseg::broker
