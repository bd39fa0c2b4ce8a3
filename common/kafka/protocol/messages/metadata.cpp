// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/metadata.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using MetadataRequestTopic = MetadataRequest::MetadataRequestTopic;
constexpr auto kMetadataRequestTopic =
    structure<MetadataRequestTopic>(field<&MetadataRequestTopic::topic_id>("topicId", since(10)).ignorable(),
                                    field<&MetadataRequestTopic::name>("name", since(0)).nullable(since(10)));

constexpr auto kRequest = structure<MetadataRequest>(
    field<&MetadataRequest::topics>("topics", since(0), kMetadataRequestTopic).nullable(since(1)),
    field<&MetadataRequest::allow_auto_topic_creation>("allowAutoTopicCreation", since(4)),
    field<&MetadataRequest::include_cluster_authorized_operations>("includeClusterAuthorizedOperations", {8, 10}),
    field<&MetadataRequest::include_topic_authorized_operations>("includeTopicAuthorizedOperations", since(8)));

using MetadataResponseBroker = MetadataResponse::MetadataResponseBroker;
constexpr auto kMetadataResponseBroker = structure<MetadataResponseBroker>(
    field<&MetadataResponseBroker::node_id>("nodeId", since(0)), field<&MetadataResponseBroker::host>("host", since(0)),
    field<&MetadataResponseBroker::port>("port", since(0)),
    field<&MetadataResponseBroker::rack>("rack", since(1)).nullable(since(1)).ignorable());

using MetadataResponsePartition = MetadataResponse::MetadataResponsePartition;
constexpr auto kMetadataResponsePartition = structure<MetadataResponsePartition>(
    field<&MetadataResponsePartition::error_code>("errorCode", since(0)),
    field<&MetadataResponsePartition::partition_index>("partitionIndex", since(0)),
    field<&MetadataResponsePartition::leader_id>("leaderId", since(0)),
    field<&MetadataResponsePartition::leader_epoch>("leaderEpoch", since(7)).ignorable(),
    field<&MetadataResponsePartition::replica_nodes>("replicaNodes", since(0)),
    field<&MetadataResponsePartition::isr_nodes>("isrNodes", since(0)),
    field<&MetadataResponsePartition::offline_replicas>("offlineReplicas", since(5)).ignorable());

using MetadataResponseTopic = MetadataResponse::MetadataResponseTopic;
constexpr auto kMetadataResponseTopic = structure<MetadataResponseTopic>(
    field<&MetadataResponseTopic::error_code>("errorCode", since(0)),
    field<&MetadataResponseTopic::name>("name", since(0)).nullable(since(12)),
    field<&MetadataResponseTopic::topic_id>("topicId", since(10)).ignorable(),
    field<&MetadataResponseTopic::is_internal>("isInternal", since(1)).ignorable(),
    field<&MetadataResponseTopic::partitions>("partitions", since(0), kMetadataResponsePartition),
    field<&MetadataResponseTopic::topic_authorized_operations>("topicAuthorizedOperations", since(8)));

constexpr auto kResponse = structure<MetadataResponse>(
    field<&MetadataResponse::throttle_time_ms>("throttleTimeMs", since(3)).ignorable(),
    field<&MetadataResponse::brokers>("brokers", since(0), kMetadataResponseBroker),
    field<&MetadataResponse::cluster_id>("clusterId", since(2)).nullable(since(2)).ignorable(),
    field<&MetadataResponse::controller_id>("controllerId", since(1)).ignorable(),
    field<&MetadataResponse::topics>("topics", since(0), kMetadataResponseTopic),
    field<&MetadataResponse::cluster_authorized_operations>("clusterAuthorizedOperations", {8, 10}),
    field<&MetadataResponse::error_code>("errorCode", since(13)).ignorable());

}  // namespace

constinit const Schema MetadataRequest::kSchema = message("MetadataRequest", {0, 13}, since(9), kRequest);
constinit const Schema MetadataResponse::kSchema = message("MetadataResponse", {0, 13}, since(9), kResponse);

}  // namespace kseg::protocol
