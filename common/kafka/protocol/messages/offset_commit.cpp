// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/offset_commit.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using OffsetCommitRequestPartition = OffsetCommitRequest::OffsetCommitRequestPartition;
constexpr auto kOffsetCommitRequestPartition = structure<OffsetCommitRequestPartition>(
    field<&OffsetCommitRequestPartition::partition_index>("partitionIndex", since(0)),
    field<&OffsetCommitRequestPartition::committed_offset>("committedOffset", since(0)),
    field<&OffsetCommitRequestPartition::committed_leader_epoch>("committedLeaderEpoch", since(6)).ignorable(),
    field<&OffsetCommitRequestPartition::commit_timestamp>("commitTimestamp", {1, 1}),
    field<&OffsetCommitRequestPartition::committed_metadata>("committedMetadata", since(0)).nullable(since(0)));

using OffsetCommitRequestTopic = OffsetCommitRequest::OffsetCommitRequestTopic;
constexpr auto kOffsetCommitRequestTopic = structure<OffsetCommitRequestTopic>(
    field<&OffsetCommitRequestTopic::name>("name", {0, 9}).ignorable(),
    field<&OffsetCommitRequestTopic::topic_id>("topicId", since(10)).ignorable(),
    field<&OffsetCommitRequestTopic::partitions>("partitions", since(0), kOffsetCommitRequestPartition));

constexpr auto kRequest = structure<OffsetCommitRequest>(
    field<&OffsetCommitRequest::group_id>("groupId", since(0)),
    field<&OffsetCommitRequest::generation_id_or_member_epoch>("generationIdOrMemberEpoch", since(1)).ignorable(),
    field<&OffsetCommitRequest::member_id>("memberId", since(1)).ignorable(),
    field<&OffsetCommitRequest::group_instance_id>("groupInstanceId", since(7)).nullable(since(7)),
    field<&OffsetCommitRequest::retention_time_ms>("retentionTimeMs", {2, 4}).ignorable(),
    field<&OffsetCommitRequest::topics>("topics", since(0), kOffsetCommitRequestTopic));

using OffsetCommitResponsePartition = OffsetCommitResponse::OffsetCommitResponsePartition;
constexpr auto kOffsetCommitResponsePartition = structure<OffsetCommitResponsePartition>(
    field<&OffsetCommitResponsePartition::partition_index>("partitionIndex", since(0)),
    field<&OffsetCommitResponsePartition::error_code>("errorCode", since(0)));

using OffsetCommitResponseTopic = OffsetCommitResponse::OffsetCommitResponseTopic;
constexpr auto kOffsetCommitResponseTopic = structure<OffsetCommitResponseTopic>(
    field<&OffsetCommitResponseTopic::name>("name", {0, 9}).ignorable(),
    field<&OffsetCommitResponseTopic::topic_id>("topicId", since(10)).ignorable(),
    field<&OffsetCommitResponseTopic::partitions>("partitions", since(0), kOffsetCommitResponsePartition));

constexpr auto kResponse =
    structure<OffsetCommitResponse>(field<&OffsetCommitResponse::throttle_time_ms>("throttleTimeMs", since(3)).ignorable(),
                                    field<&OffsetCommitResponse::topics>("topics", since(0), kOffsetCommitResponseTopic));

}  // namespace

constinit const Schema OffsetCommitRequest::kSchema = message("OffsetCommitRequest", {0, 10}, since(8), kRequest);
constinit const Schema OffsetCommitResponse::kSchema = message("OffsetCommitResponse", {0, 10}, since(8), kResponse);

}  // namespace kseg::protocol
