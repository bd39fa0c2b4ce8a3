// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/txn_offset_commit.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using TxnOffsetCommitRequestPartition = TxnOffsetCommitRequest::TxnOffsetCommitRequestPartition;
constexpr auto kTxnOffsetCommitRequestPartition = structure<TxnOffsetCommitRequestPartition>(
    field<&TxnOffsetCommitRequestPartition::partition_index>("partitionIndex", since(0)),
    field<&TxnOffsetCommitRequestPartition::committed_offset>("committedOffset", since(0)),
    field<&TxnOffsetCommitRequestPartition::committed_leader_epoch>("committedLeaderEpoch", since(2)).ignorable(),
    field<&TxnOffsetCommitRequestPartition::committed_metadata>("committedMetadata", since(0)).nullable(since(0)));

using TxnOffsetCommitRequestTopic = TxnOffsetCommitRequest::TxnOffsetCommitRequestTopic;
constexpr auto kTxnOffsetCommitRequestTopic = structure<TxnOffsetCommitRequestTopic>(
    field<&TxnOffsetCommitRequestTopic::name>("name", since(0)),
    field<&TxnOffsetCommitRequestTopic::partitions>("partitions", since(0), kTxnOffsetCommitRequestPartition));

constexpr auto kRequest = structure<TxnOffsetCommitRequest>(
    field<&TxnOffsetCommitRequest::transactional_id>("transactionalId", since(0)),
    field<&TxnOffsetCommitRequest::group_id>("groupId", since(0)),
    field<&TxnOffsetCommitRequest::producer_id>("producerId", since(0)),
    field<&TxnOffsetCommitRequest::producer_epoch>("producerEpoch", since(0)),
    field<&TxnOffsetCommitRequest::generation_id>("generationId", since(3)),
    field<&TxnOffsetCommitRequest::member_id>("memberId", since(3)),
    field<&TxnOffsetCommitRequest::group_instance_id>("groupInstanceId", since(3)).nullable(since(3)),
    field<&TxnOffsetCommitRequest::topics>("topics", since(0), kTxnOffsetCommitRequestTopic));

using TxnOffsetCommitResponsePartition = TxnOffsetCommitResponse::TxnOffsetCommitResponsePartition;
constexpr auto kTxnOffsetCommitResponsePartition = structure<TxnOffsetCommitResponsePartition>(
    field<&TxnOffsetCommitResponsePartition::partition_index>("partitionIndex", since(0)),
    field<&TxnOffsetCommitResponsePartition::error_code>("errorCode", since(0)));

using TxnOffsetCommitResponseTopic = TxnOffsetCommitResponse::TxnOffsetCommitResponseTopic;
constexpr auto kTxnOffsetCommitResponseTopic = structure<TxnOffsetCommitResponseTopic>(
    field<&TxnOffsetCommitResponseTopic::name>("name", since(0)),
    field<&TxnOffsetCommitResponseTopic::partitions>("partitions", since(0), kTxnOffsetCommitResponsePartition));

constexpr auto kResponse = structure<TxnOffsetCommitResponse>(
    field<&TxnOffsetCommitResponse::throttle_time_ms>("throttleTimeMs", since(0)),
    field<&TxnOffsetCommitResponse::topics>("topics", since(0), kTxnOffsetCommitResponseTopic));

}  // namespace

constinit const Schema TxnOffsetCommitRequest::kSchema = message("TxnOffsetCommitRequest", {0, 5}, since(3), kRequest);
constinit const Schema TxnOffsetCommitResponse::kSchema = message("TxnOffsetCommitResponse", {0, 5}, since(3), kResponse);

}  // namespace kseg::protocol
