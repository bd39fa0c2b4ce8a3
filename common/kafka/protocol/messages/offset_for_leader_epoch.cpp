// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/offset_for_leader_epoch.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using OffsetForLeaderPartition = OffsetForLeaderEpochRequest::OffsetForLeaderPartition;
constexpr auto kOffsetForLeaderPartition = structure<OffsetForLeaderPartition>(
    field<&OffsetForLeaderPartition::partition>("partition", since(0)),
    field<&OffsetForLeaderPartition::current_leader_epoch>("currentLeaderEpoch", since(2)).ignorable(),
    field<&OffsetForLeaderPartition::leader_epoch>("leaderEpoch", since(0)));

using OffsetForLeaderTopic = OffsetForLeaderEpochRequest::OffsetForLeaderTopic;
constexpr auto kOffsetForLeaderTopic = structure<OffsetForLeaderTopic>(
    field<&OffsetForLeaderTopic::topic>("topic", since(0)),
    field<&OffsetForLeaderTopic::partitions>("partitions", since(0), kOffsetForLeaderPartition));

constexpr auto kRequest = structure<OffsetForLeaderEpochRequest>(
    field<&OffsetForLeaderEpochRequest::replica_id>("replicaId", since(3)).ignorable(),
    field<&OffsetForLeaderEpochRequest::topics>("topics", since(0), kOffsetForLeaderTopic));

using EpochEndOffset = OffsetForLeaderEpochResponse::EpochEndOffset;
constexpr auto kEpochEndOffset = structure<EpochEndOffset>(
    field<&EpochEndOffset::error_code>("errorCode", since(0)), field<&EpochEndOffset::partition>("partition", since(0)),
    field<&EpochEndOffset::leader_epoch>("leaderEpoch", since(1)).ignorable(),
    field<&EpochEndOffset::end_offset>("endOffset", since(0)));

using OffsetForLeaderTopicResult = OffsetForLeaderEpochResponse::OffsetForLeaderTopicResult;
constexpr auto kOffsetForLeaderTopicResult = structure<OffsetForLeaderTopicResult>(
    field<&OffsetForLeaderTopicResult::topic>("topic", since(0)),
    field<&OffsetForLeaderTopicResult::partitions>("partitions", since(0), kEpochEndOffset));

constexpr auto kResponse = structure<OffsetForLeaderEpochResponse>(
    field<&OffsetForLeaderEpochResponse::throttle_time_ms>("throttleTimeMs", since(2)).ignorable(),
    field<&OffsetForLeaderEpochResponse::topics>("topics", since(0), kOffsetForLeaderTopicResult));

}  // namespace

constinit const Schema OffsetForLeaderEpochRequest::kSchema =
    message("OffsetForLeaderEpochRequest", {0, 4}, since(4), kRequest);
constinit const Schema OffsetForLeaderEpochResponse::kSchema =
    message("OffsetForLeaderEpochResponse", {0, 4}, since(4), kResponse);

}  // namespace kseg::protocol
