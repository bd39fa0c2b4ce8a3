// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/offset_fetch.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using OffsetFetchRequestTopic = OffsetFetchRequest::OffsetFetchRequestTopic;
constexpr auto kOffsetFetchRequestTopic =
    structure<OffsetFetchRequestTopic>(field<&OffsetFetchRequestTopic::name>("name", {0, 7}),
                                       field<&OffsetFetchRequestTopic::partition_indexes>("partitionIndexes", {0, 7}));

using OffsetFetchRequestTopics = OffsetFetchRequest::OffsetFetchRequestTopics;
constexpr auto kOffsetFetchRequestTopics =
    structure<OffsetFetchRequestTopics>(field<&OffsetFetchRequestTopics::name>("name", {8, 9}).ignorable(),
                                        field<&OffsetFetchRequestTopics::topic_id>("topicId", since(10)).ignorable(),
                                        field<&OffsetFetchRequestTopics::partition_indexes>("partitionIndexes", since(8)));

using OffsetFetchRequestGroup = OffsetFetchRequest::OffsetFetchRequestGroup;
constexpr auto kOffsetFetchRequestGroup = structure<OffsetFetchRequestGroup>(
    field<&OffsetFetchRequestGroup::group_id>("groupId", since(8)),
    field<&OffsetFetchRequestGroup::member_id>("memberId", since(9)).nullable(since(9)).ignorable(),
    field<&OffsetFetchRequestGroup::member_epoch>("memberEpoch", since(9)).ignorable(),
    field<&OffsetFetchRequestGroup::topics>("topics", since(8), kOffsetFetchRequestTopics).nullable(since(8)));

constexpr auto kRequest = structure<OffsetFetchRequest>(
    field<&OffsetFetchRequest::group_id>("groupId", {0, 7}),
    field<&OffsetFetchRequest::topics>("topics", {0, 7}, kOffsetFetchRequestTopic).nullable({2, 7}),
    field<&OffsetFetchRequest::groups>("groups", since(8), kOffsetFetchRequestGroup),
    field<&OffsetFetchRequest::require_stable>("requireStable", since(7)));

using OffsetFetchResponsePartition = OffsetFetchResponse::OffsetFetchResponsePartition;
constexpr auto kOffsetFetchResponsePartition = structure<OffsetFetchResponsePartition>(
    field<&OffsetFetchResponsePartition::partition_index>("partitionIndex", {0, 7}),
    field<&OffsetFetchResponsePartition::committed_offset>("committedOffset", {0, 7}),
    field<&OffsetFetchResponsePartition::committed_leader_epoch>("committedLeaderEpoch", {5, 7}).ignorable(),
    field<&OffsetFetchResponsePartition::metadata>("metadata", {0, 7}).nullable({0, 7}),
    field<&OffsetFetchResponsePartition::error_code>("errorCode", {0, 7}));

using OffsetFetchResponseTopic = OffsetFetchResponse::OffsetFetchResponseTopic;
constexpr auto kOffsetFetchResponseTopic = structure<OffsetFetchResponseTopic>(
    field<&OffsetFetchResponseTopic::name>("name", {0, 7}),
    field<&OffsetFetchResponseTopic::partitions>("partitions", {0, 7}, kOffsetFetchResponsePartition));

using OffsetFetchResponsePartitions = OffsetFetchResponse::OffsetFetchResponsePartitions;
constexpr auto kOffsetFetchResponsePartitions = structure<OffsetFetchResponsePartitions>(
    field<&OffsetFetchResponsePartitions::partition_index>("partitionIndex", since(8)),
    field<&OffsetFetchResponsePartitions::committed_offset>("committedOffset", since(8)),
    field<&OffsetFetchResponsePartitions::committed_leader_epoch>("committedLeaderEpoch", since(8)).ignorable(),
    field<&OffsetFetchResponsePartitions::metadata>("metadata", since(8)).nullable(since(8)),
    field<&OffsetFetchResponsePartitions::error_code>("errorCode", since(8)));

using OffsetFetchResponseTopics = OffsetFetchResponse::OffsetFetchResponseTopics;
constexpr auto kOffsetFetchResponseTopics = structure<OffsetFetchResponseTopics>(
    field<&OffsetFetchResponseTopics::name>("name", {8, 9}).ignorable(),
    field<&OffsetFetchResponseTopics::topic_id>("topicId", since(10)).ignorable(),
    field<&OffsetFetchResponseTopics::partitions>("partitions", since(8), kOffsetFetchResponsePartitions));

using OffsetFetchResponseGroup = OffsetFetchResponse::OffsetFetchResponseGroup;
constexpr auto kOffsetFetchResponseGroup = structure<OffsetFetchResponseGroup>(
    field<&OffsetFetchResponseGroup::group_id>("groupId", since(8)),
    field<&OffsetFetchResponseGroup::topics>("topics", since(8), kOffsetFetchResponseTopics),
    field<&OffsetFetchResponseGroup::error_code>("errorCode", since(8)));

constexpr auto kResponse =
    structure<OffsetFetchResponse>(field<&OffsetFetchResponse::throttle_time_ms>("throttleTimeMs", since(3)).ignorable(),
                                   field<&OffsetFetchResponse::topics>("topics", {0, 7}, kOffsetFetchResponseTopic),
                                   field<&OffsetFetchResponse::error_code>("errorCode", {2, 7}).ignorable(),
                                   field<&OffsetFetchResponse::groups>("groups", since(8), kOffsetFetchResponseGroup));

}  // namespace

constinit const Schema OffsetFetchRequest::kSchema = message("OffsetFetchRequest", {0, 10}, since(6), kRequest);
constinit const Schema OffsetFetchResponse::kSchema = message("OffsetFetchResponse", {0, 10}, since(6), kResponse);

}  // namespace kseg::protocol
