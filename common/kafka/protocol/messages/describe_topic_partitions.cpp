// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/describe_topic_partitions.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using TopicRequest = DescribeTopicPartitionsRequest::TopicRequest;
constexpr auto kTopicRequest = structure<TopicRequest>(field<&TopicRequest::name>("name", since(0)));

using RequestCursor = DescribeTopicPartitionsRequest::Cursor;
constexpr auto kRequestCursor =
    structure<RequestCursor>(field<&RequestCursor::topic_name>("topicName", since(0)),
                             field<&RequestCursor::partition_index>("partitionIndex", since(0)));

constexpr auto kRequest = structure<DescribeTopicPartitionsRequest>(
    field<&DescribeTopicPartitionsRequest::topics>("topics", since(0), kTopicRequest),
    field<&DescribeTopicPartitionsRequest::response_partition_limit>("responsePartitionLimit", since(0)),
    field<&DescribeTopicPartitionsRequest::cursor>("cursor", since(0), kRequestCursor).nullable(since(0)));

using DescribeTopicPartitionsResponsePartition = DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponsePartition;
constexpr auto kDescribeTopicPartitionsResponsePartition = structure<DescribeTopicPartitionsResponsePartition>(
    field<&DescribeTopicPartitionsResponsePartition::error_code>("errorCode", since(0)),
    field<&DescribeTopicPartitionsResponsePartition::partition_index>("partitionIndex", since(0)),
    field<&DescribeTopicPartitionsResponsePartition::leader_id>("leaderId", since(0)),
    field<&DescribeTopicPartitionsResponsePartition::leader_epoch>("leaderEpoch", since(0)).ignorable(),
    field<&DescribeTopicPartitionsResponsePartition::replica_nodes>("replicaNodes", since(0)),
    field<&DescribeTopicPartitionsResponsePartition::isr_nodes>("isrNodes", since(0)),
    field<&DescribeTopicPartitionsResponsePartition::eligible_leader_replicas>("eligibleLeaderReplicas", since(0))
        .nullable(since(0)),
    field<&DescribeTopicPartitionsResponsePartition::last_known_elr>("lastKnownElr", since(0)).nullable(since(0)),
    field<&DescribeTopicPartitionsResponsePartition::offline_replicas>("offlineReplicas", since(0)).ignorable());

using DescribeTopicPartitionsResponseTopic = DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponseTopic;
constexpr auto kDescribeTopicPartitionsResponseTopic = structure<DescribeTopicPartitionsResponseTopic>(
    field<&DescribeTopicPartitionsResponseTopic::error_code>("errorCode", since(0)),
    field<&DescribeTopicPartitionsResponseTopic::name>("name", since(0)).nullable(since(0)),
    field<&DescribeTopicPartitionsResponseTopic::topic_id>("topicId", since(0)).ignorable(),
    field<&DescribeTopicPartitionsResponseTopic::is_internal>("isInternal", since(0)).ignorable(),
    field<&DescribeTopicPartitionsResponseTopic::partitions>("partitions", since(0),
                                                             kDescribeTopicPartitionsResponsePartition),
    field<&DescribeTopicPartitionsResponseTopic::topic_authorized_operations>("topicAuthorizedOperations", since(0)));

using ResponseCursor = DescribeTopicPartitionsResponse::Cursor;
constexpr auto kResponseCursor =
    structure<ResponseCursor>(field<&ResponseCursor::topic_name>("topicName", since(0)),
                              field<&ResponseCursor::partition_index>("partitionIndex", since(0)));

constexpr auto kResponse = structure<DescribeTopicPartitionsResponse>(
    field<&DescribeTopicPartitionsResponse::throttle_time_ms>("throttleTimeMs", since(0)).ignorable(),
    field<&DescribeTopicPartitionsResponse::topics>("topics", since(0), kDescribeTopicPartitionsResponseTopic),
    field<&DescribeTopicPartitionsResponse::next_cursor>("nextCursor", since(0), kResponseCursor).nullable(since(0)));

}  // namespace

constinit const Schema DescribeTopicPartitionsRequest::kSchema =
    message("DescribeTopicPartitionsRequest", {0, 0}, since(0), kRequest);
constinit const Schema DescribeTopicPartitionsResponse::kSchema =
    message("DescribeTopicPartitionsResponse", {0, 0}, since(0), kResponse);

}  // namespace kseg::protocol
