// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/list_offsets.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using ListOffsetsPartition = ListOffsetsRequest::ListOffsetsPartition;
constexpr auto kListOffsetsPartition = structure<ListOffsetsPartition>(
    field<&ListOffsetsPartition::partition_index>("partitionIndex", since(0)),
    field<&ListOffsetsPartition::current_leader_epoch>("currentLeaderEpoch", since(4)).ignorable(),
    field<&ListOffsetsPartition::timestamp>("timestamp", since(0)),
    field<&ListOffsetsPartition::max_num_offsets>("maxNumOffsets", {0, 0}));

using ListOffsetsTopic = ListOffsetsRequest::ListOffsetsTopic;
constexpr auto kListOffsetsTopic =
    structure<ListOffsetsTopic>(field<&ListOffsetsTopic::name>("name", since(0)),
                                field<&ListOffsetsTopic::partitions>("partitions", since(0), kListOffsetsPartition));

constexpr auto kRequest =
    structure<ListOffsetsRequest>(field<&ListOffsetsRequest::replica_id>("replicaId", since(0)),
                                  field<&ListOffsetsRequest::isolation_level>("isolationLevel", since(2)),
                                  field<&ListOffsetsRequest::topics>("topics", since(0), kListOffsetsTopic),
                                  field<&ListOffsetsRequest::timeout_ms>("timeoutMs", since(10)).ignorable());

using ListOffsetsPartitionResponse = ListOffsetsResponse::ListOffsetsPartitionResponse;
constexpr auto kListOffsetsPartitionResponse = structure<ListOffsetsPartitionResponse>(
    field<&ListOffsetsPartitionResponse::partition_index>("partitionIndex", since(0)),
    field<&ListOffsetsPartitionResponse::error_code>("errorCode", since(0)),
    field<&ListOffsetsPartitionResponse::old_style_offsets>("oldStyleOffsets", {0, 0}),
    field<&ListOffsetsPartitionResponse::timestamp>("timestamp", since(1)),
    field<&ListOffsetsPartitionResponse::offset>("offset", since(1)),
    field<&ListOffsetsPartitionResponse::leader_epoch>("leaderEpoch", since(4)));

using ListOffsetsTopicResponse = ListOffsetsResponse::ListOffsetsTopicResponse;
constexpr auto kListOffsetsTopicResponse = structure<ListOffsetsTopicResponse>(
    field<&ListOffsetsTopicResponse::name>("name", since(0)),
    field<&ListOffsetsTopicResponse::partitions>("partitions", since(0), kListOffsetsPartitionResponse));

constexpr auto kResponse =
    structure<ListOffsetsResponse>(field<&ListOffsetsResponse::throttle_time_ms>("throttleTimeMs", since(2)).ignorable(),
                                   field<&ListOffsetsResponse::topics>("topics", since(0), kListOffsetsTopicResponse));

}  // namespace

constinit const Schema ListOffsetsRequest::kSchema = message("ListOffsetsRequest", {0, 11}, since(6), kRequest);
constinit const Schema ListOffsetsResponse::kSchema = message("ListOffsetsResponse", {0, 11}, since(6), kResponse);

}  // namespace kseg::protocol
