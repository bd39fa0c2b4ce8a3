// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/fetch.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using ReplicaState = FetchRequest::ReplicaState;
constexpr auto kReplicaState = structure<ReplicaState>(field<&ReplicaState::replica_id>("replicaId", since(15)),
                                                       field<&ReplicaState::replica_epoch>("replicaEpoch", since(15)));

using FetchPartition = FetchRequest::FetchPartition;
constexpr auto kFetchPartition = structure<FetchPartition>(
    field<&FetchPartition::partition>("partition", since(0)),
    field<&FetchPartition::current_leader_epoch>("currentLeaderEpoch", since(9)).ignorable(),
    field<&FetchPartition::fetch_offset>("fetchOffset", since(0)),
    field<&FetchPartition::last_fetched_epoch>("lastFetchedEpoch", since(12)),
    field<&FetchPartition::log_start_offset>("logStartOffset", since(5)).ignorable(),
    field<&FetchPartition::partition_max_bytes>("partitionMaxBytes", since(0)),
    field<&FetchPartition::replica_directory_id>("replicaDirectoryId", since(17)).tagged(0, since(17)).ignorable(),
    field<&FetchPartition::high_watermark>("highWatermark", since(18)).tagged(1, since(18)).ignorable());

using FetchTopic = FetchRequest::FetchTopic;
constexpr auto kFetchTopic = structure<FetchTopic>(field<&FetchTopic::topic>("topic", {0, 12}).ignorable(),
                                                   field<&FetchTopic::topic_id>("topicId", since(13)).ignorable(),
                                                   field<&FetchTopic::partitions>("partitions", since(0), kFetchPartition));

using ForgottenTopic = FetchRequest::ForgottenTopic;
constexpr auto kForgottenTopic =
    structure<ForgottenTopic>(field<&ForgottenTopic::topic>("topic", {7, 12}).ignorable(),
                              field<&ForgottenTopic::topic_id>("topicId", since(13)).ignorable(),
                              field<&ForgottenTopic::partitions>("partitions", since(7)));

constexpr auto kRequest = structure<FetchRequest>(
    field<&FetchRequest::cluster_id>("clusterId", since(12)).nullable(since(12)).tagged(0, since(12)).ignorable(),
    field<&FetchRequest::replica_id>("replicaId", {0, 14}),
    field<&FetchRequest::replica_state>("replicaState", since(15), kReplicaState).tagged(1, since(15)),
    field<&FetchRequest::max_wait_ms>("maxWaitMs", since(0)), field<&FetchRequest::min_bytes>("minBytes", since(0)),
    field<&FetchRequest::max_bytes>("maxBytes", since(3)).ignorable(),
    field<&FetchRequest::isolation_level>("isolationLevel", since(4)).ignorable(),
    field<&FetchRequest::session_id>("sessionId", since(7)).ignorable(),
    field<&FetchRequest::session_epoch>("sessionEpoch", since(7)).ignorable(),
    field<&FetchRequest::topics>("topics", since(0), kFetchTopic),
    field<&FetchRequest::forgotten_topics_data>("forgottenTopicsData", since(7), kForgottenTopic),
    field<&FetchRequest::rack_id>("rackId", since(11)).ignorable());

using EpochEndOffset = FetchResponse::EpochEndOffset;
constexpr auto kEpochEndOffset = structure<EpochEndOffset>(field<&EpochEndOffset::epoch>("epoch", since(12)),
                                                           field<&EpochEndOffset::end_offset>("endOffset", since(12)));

using LeaderIdAndEpoch = FetchResponse::LeaderIdAndEpoch;
constexpr auto kLeaderIdAndEpoch =
    structure<LeaderIdAndEpoch>(field<&LeaderIdAndEpoch::leader_id>("leaderId", since(12)),
                                field<&LeaderIdAndEpoch::leader_epoch>("leaderEpoch", since(12)));

using SnapshotId = FetchResponse::SnapshotId;
constexpr auto kSnapshotId = structure<SnapshotId>(field<&SnapshotId::end_offset>("endOffset", since(0)),
                                                   field<&SnapshotId::epoch>("epoch", since(0)));

using AbortedTransaction = FetchResponse::AbortedTransaction;
constexpr auto kAbortedTransaction =
    structure<AbortedTransaction>(field<&AbortedTransaction::producer_id>("producerId", since(4)),
                                  field<&AbortedTransaction::first_offset>("firstOffset", since(4)));

using PartitionData = FetchResponse::PartitionData;
constexpr auto kPartitionData = structure<PartitionData>(
    field<&PartitionData::partition_index>("partitionIndex", since(0)),
    field<&PartitionData::error_code>("errorCode", since(0)),
    field<&PartitionData::high_watermark>("highWatermark", since(0)),
    field<&PartitionData::last_stable_offset>("lastStableOffset", since(4)).ignorable(),
    field<&PartitionData::log_start_offset>("logStartOffset", since(5)).ignorable(),
    field<&PartitionData::diverging_epoch>("divergingEpoch", since(12), kEpochEndOffset).tagged(0, since(12)),
    field<&PartitionData::current_leader>("currentLeader", since(12), kLeaderIdAndEpoch).tagged(1, since(12)),
    field<&PartitionData::snapshot_id>("snapshotId", since(12), kSnapshotId).tagged(2, since(12)),
    field<&PartitionData::aborted_transactions>("abortedTransactions", since(4), kAbortedTransaction)
        .nullable(since(4))
        .ignorable(),
    field<&PartitionData::preferred_read_replica>("preferredReadReplica", since(11)),
    field<&PartitionData::records>("records", since(0)).nullable(since(0)));

using FetchableTopicResponse = FetchResponse::FetchableTopicResponse;
constexpr auto kFetchableTopicResponse =
    structure<FetchableTopicResponse>(field<&FetchableTopicResponse::topic>("topic", {0, 12}).ignorable(),
                                      field<&FetchableTopicResponse::topic_id>("topicId", since(13)).ignorable(),
                                      field<&FetchableTopicResponse::partitions>("partitions", since(0), kPartitionData));

using NodeEndpoint = FetchResponse::NodeEndpoint;
constexpr auto kNodeEndpoint = structure<NodeEndpoint>(
    field<&NodeEndpoint::node_id>("nodeId", since(16)), field<&NodeEndpoint::host>("host", since(16)),
    field<&NodeEndpoint::port>("port", since(16)), field<&NodeEndpoint::rack>("rack", since(16)).nullable(since(16)));

constexpr auto kResponse = structure<FetchResponse>(
    field<&FetchResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
    field<&FetchResponse::error_code>("errorCode", since(7)).ignorable(),
    field<&FetchResponse::session_id>("sessionId", since(7)),
    field<&FetchResponse::responses>("responses", since(0), kFetchableTopicResponse),
    field<&FetchResponse::node_endpoints>("nodeEndpoints", since(16), kNodeEndpoint).tagged(0, since(16)));

}  // namespace

constinit const Schema FetchRequest::kSchema = message("FetchRequest", {0, 18}, since(12), kRequest);
constinit const Schema FetchResponse::kSchema = message("FetchResponse", {0, 18}, since(12), kResponse);

}  // namespace kseg::protocol
