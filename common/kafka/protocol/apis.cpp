// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/apis.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "kafka/protocol/messages/add_offsets_to_txn.hpp"
#include "kafka/protocol/messages/add_partitions_to_txn.hpp"
#include "kafka/protocol/messages/alter_configs.hpp"
#include "kafka/protocol/messages/api_versions.hpp"
#include "kafka/protocol/messages/create_partitions.hpp"
#include "kafka/protocol/messages/create_topics.hpp"
#include "kafka/protocol/messages/delete_groups.hpp"
#include "kafka/protocol/messages/delete_records.hpp"
#include "kafka/protocol/messages/delete_topics.hpp"
#include "kafka/protocol/messages/describe_cluster.hpp"
#include "kafka/protocol/messages/describe_configs.hpp"
#include "kafka/protocol/messages/describe_groups.hpp"
#include "kafka/protocol/messages/describe_log_dirs.hpp"
#include "kafka/protocol/messages/describe_topic_partitions.hpp"
#include "kafka/protocol/messages/end_txn.hpp"
#include "kafka/protocol/messages/fetch.hpp"
#include "kafka/protocol/messages/find_coordinator.hpp"
#include "kafka/protocol/messages/heartbeat.hpp"
#include "kafka/protocol/messages/incremental_alter_configs.hpp"
#include "kafka/protocol/messages/init_producer_id.hpp"
#include "kafka/protocol/messages/join_group.hpp"
#include "kafka/protocol/messages/leave_group.hpp"
#include "kafka/protocol/messages/list_groups.hpp"
#include "kafka/protocol/messages/list_offsets.hpp"
#include "kafka/protocol/messages/metadata.hpp"
#include "kafka/protocol/messages/offset_commit.hpp"
#include "kafka/protocol/messages/offset_delete.hpp"
#include "kafka/protocol/messages/offset_fetch.hpp"
#include "kafka/protocol/messages/offset_for_leader_epoch.hpp"
#include "kafka/protocol/messages/produce.hpp"
#include "kafka/protocol/messages/sasl_authenticate.hpp"
#include "kafka/protocol/messages/sasl_handshake.hpp"
#include "kafka/protocol/messages/sync_group.hpp"
#include "kafka/protocol/messages/txn_offset_commit.hpp"
#include "kafka/protocol/messages/write_txn_markers.hpp"
#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

template <typename Request, typename Response>
constexpr Api api(ApiKey key, std::string_view name, Versions versions) {
    return {key, name, versions, &Request::kSchema, &Response::kSchema};
}

// InitProducerId 6 is described but not released in Kafka 4.3.
constexpr std::array<Api, 35> kApis{
    api<ProduceRequest, ProduceResponse>(ApiKey::produce, "Produce", {0, 13}),
    api<FetchRequest, FetchResponse>(ApiKey::fetch, "Fetch", {0, 18}),
    api<ListOffsetsRequest, ListOffsetsResponse>(ApiKey::list_offsets, "ListOffsets", {0, 11}),
    api<MetadataRequest, MetadataResponse>(ApiKey::metadata, "Metadata", {0, 13}),
    api<OffsetCommitRequest, OffsetCommitResponse>(ApiKey::offset_commit, "OffsetCommit", {0, 10}),
    api<OffsetFetchRequest, OffsetFetchResponse>(ApiKey::offset_fetch, "OffsetFetch", {0, 10}),
    api<FindCoordinatorRequest, FindCoordinatorResponse>(ApiKey::find_coordinator, "FindCoordinator", {0, 6}),
    api<JoinGroupRequest, JoinGroupResponse>(ApiKey::join_group, "JoinGroup", {0, 9}),
    api<HeartbeatRequest, HeartbeatResponse>(ApiKey::heartbeat, "Heartbeat", {0, 4}),
    api<LeaveGroupRequest, LeaveGroupResponse>(ApiKey::leave_group, "LeaveGroup", {0, 5}),
    api<SyncGroupRequest, SyncGroupResponse>(ApiKey::sync_group, "SyncGroup", {0, 5}),
    api<DescribeGroupsRequest, DescribeGroupsResponse>(ApiKey::describe_groups, "DescribeGroups", {0, 6}),
    api<ListGroupsRequest, ListGroupsResponse>(ApiKey::list_groups, "ListGroups", {0, 5}),
    api<SaslHandshakeRequest, SaslHandshakeResponse>(ApiKey::sasl_handshake, "SaslHandshake", {0, 1}),
    api<ApiVersionsRequest, ApiVersionsResponse>(ApiKey::api_versions, "ApiVersions", {0, 4}),
    api<CreateTopicsRequest, CreateTopicsResponse>(ApiKey::create_topics, "CreateTopics", {0, 7}),
    api<DeleteTopicsRequest, DeleteTopicsResponse>(ApiKey::delete_topics, "DeleteTopics", {0, 6}),
    api<DeleteRecordsRequest, DeleteRecordsResponse>(ApiKey::delete_records, "DeleteRecords", {0, 2}),
    api<InitProducerIdRequest, InitProducerIdResponse>(ApiKey::init_producer_id, "InitProducerId", {0, 5}),
    api<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(ApiKey::offset_for_leader_epoch, "OffsetForLeaderEpoch",
                                                                   {0, 4}),
    api<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>(ApiKey::add_partitions_to_txn, "AddPartitionsToTxn", {0, 5}),
    api<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>(ApiKey::add_offsets_to_txn, "AddOffsetsToTxn", {0, 4}),
    api<EndTxnRequest, EndTxnResponse>(ApiKey::end_txn, "EndTxn", {0, 5}),
    api<WriteTxnMarkersRequest, WriteTxnMarkersResponse>(ApiKey::write_txn_markers, "WriteTxnMarkers", {0, 2}),
    api<TxnOffsetCommitRequest, TxnOffsetCommitResponse>(ApiKey::txn_offset_commit, "TxnOffsetCommit", {0, 5}),
    api<DescribeConfigsRequest, DescribeConfigsResponse>(ApiKey::describe_configs, "DescribeConfigs", {0, 4}),
    api<AlterConfigsRequest, AlterConfigsResponse>(ApiKey::alter_configs, "AlterConfigs", {0, 2}),
    api<DescribeLogDirsRequest, DescribeLogDirsResponse>(ApiKey::describe_log_dirs, "DescribeLogDirs", {0, 5}),
    api<SaslAuthenticateRequest, SaslAuthenticateResponse>(ApiKey::sasl_authenticate, "SaslAuthenticate", {0, 2}),
    api<CreatePartitionsRequest, CreatePartitionsResponse>(ApiKey::create_partitions, "CreatePartitions", {0, 3}),
    api<DeleteGroupsRequest, DeleteGroupsResponse>(ApiKey::delete_groups, "DeleteGroups", {0, 2}),
    api<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(ApiKey::incremental_alter_configs,
                                                                         "IncrementalAlterConfigs", {0, 1}),
    api<OffsetDeleteRequest, OffsetDeleteResponse>(ApiKey::offset_delete, "OffsetDelete", {0, 0}),
    api<DescribeClusterRequest, DescribeClusterResponse>(ApiKey::describe_cluster, "DescribeCluster", {0, 2}),
    api<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(ApiKey::describe_topic_partitions,
                                                                         "DescribeTopicPartitions", {0, 0}),
};

}  // namespace

std::span<const Api> apis() {
    return kApis;
}

const Api* find_api(std::int16_t key) {
    const auto* const found = std::lower_bound(
        kApis.begin(), kApis.end(), key,
        [](const Api& candidate, std::int16_t wanted) { return static_cast<std::int16_t>(candidate.key) < wanted; });
    return found != kApis.end() && static_cast<std::int16_t>(found->key) == key ? &*found : nullptr;
}

const Api* find_api(std::int16_t key, Version version) {
    const Api* const found = find_api(key);
    return found != nullptr && found->versions.contains(version) ? found : nullptr;
}

const Api& api_of(ApiKey key) {
    const Api* const found = find_api(static_cast<std::int16_t>(key));
    assert(found != nullptr);
    return *found;
}

Version first_flexible_version(const Api& api) {
    return api.request->flexible == kNoVersions ? Version{INT16_MAX} : api.request->flexible.from;
}

}  // namespace kseg::protocol
