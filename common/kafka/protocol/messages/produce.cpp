// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/produce.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using PartitionProduceData = ProduceRequest::PartitionProduceData;
constexpr auto kPartitionProduceData =
    structure<PartitionProduceData>(field<&PartitionProduceData::index>("index", since(0)),
                                    field<&PartitionProduceData::records>("records", since(0)).nullable(since(0)));

using TopicProduceData = ProduceRequest::TopicProduceData;
constexpr auto kTopicProduceData =
    structure<TopicProduceData>(field<&TopicProduceData::name>("name", {0, 12}).ignorable(),
                                field<&TopicProduceData::topic_id>("topicId", since(13)).ignorable(),
                                field<&TopicProduceData::partition_data>("partitionData", since(0), kPartitionProduceData));

constexpr auto kRequest = structure<ProduceRequest>(
    field<&ProduceRequest::transactional_id>("transactionalId", since(3)).nullable(since(3)),
    field<&ProduceRequest::acks>("acks", since(0)), field<&ProduceRequest::timeout_ms>("timeoutMs", since(0)),
    field<&ProduceRequest::topic_data>("topicData", since(0), kTopicProduceData));

using BatchIndexAndErrorMessage = ProduceResponse::BatchIndexAndErrorMessage;
constexpr auto kBatchIndexAndErrorMessage = structure<BatchIndexAndErrorMessage>(
    field<&BatchIndexAndErrorMessage::batch_index>("batchIndex", since(8)),
    field<&BatchIndexAndErrorMessage::batch_index_error_message>("batchIndexErrorMessage", since(8)).nullable(since(8)));

using LeaderIdAndEpoch = ProduceResponse::LeaderIdAndEpoch;
constexpr auto kLeaderIdAndEpoch =
    structure<LeaderIdAndEpoch>(field<&LeaderIdAndEpoch::leader_id>("leaderId", since(10)),
                                field<&LeaderIdAndEpoch::leader_epoch>("leaderEpoch", since(10)));

using PartitionProduceResponse = ProduceResponse::PartitionProduceResponse;
constexpr auto kPartitionProduceResponse = structure<PartitionProduceResponse>(
    field<&PartitionProduceResponse::index>("index", since(0)),
    field<&PartitionProduceResponse::error_code>("errorCode", since(0)),
    field<&PartitionProduceResponse::base_offset>("baseOffset", since(0)),
    field<&PartitionProduceResponse::log_append_time_ms>("logAppendTimeMs", since(2)).ignorable(),
    field<&PartitionProduceResponse::log_start_offset>("logStartOffset", since(5)).ignorable(),
    field<&PartitionProduceResponse::record_errors>("recordErrors", since(8), kBatchIndexAndErrorMessage).ignorable(),
    field<&PartitionProduceResponse::error_message>("errorMessage", since(8)).nullable(since(8)).ignorable(),
    field<&PartitionProduceResponse::current_leader>("currentLeader", since(10), kLeaderIdAndEpoch).tagged(0, since(10)));

using TopicProduceResponse = ProduceResponse::TopicProduceResponse;
constexpr auto kTopicProduceResponse = structure<TopicProduceResponse>(
    field<&TopicProduceResponse::name>("name", {0, 12}).ignorable(),
    field<&TopicProduceResponse::topic_id>("topicId", since(13)).ignorable(),
    field<&TopicProduceResponse::partition_responses>("partitionResponses", since(0), kPartitionProduceResponse));

using NodeEndpoint = ProduceResponse::NodeEndpoint;
constexpr auto kNodeEndpoint = structure<NodeEndpoint>(
    field<&NodeEndpoint::node_id>("nodeId", since(10)), field<&NodeEndpoint::host>("host", since(10)),
    field<&NodeEndpoint::port>("port", since(10)), field<&NodeEndpoint::rack>("rack", since(10)).nullable(since(10)));

constexpr auto kResponse = structure<ProduceResponse>(
    field<&ProduceResponse::responses>("responses", since(0), kTopicProduceResponse),
    field<&ProduceResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
    field<&ProduceResponse::node_endpoints>("nodeEndpoints", since(10), kNodeEndpoint).tagged(0, since(10)));

}  // namespace

constinit const Schema ProduceRequest::kSchema = message("ProduceRequest", {0, 13}, since(9), kRequest);
constinit const Schema ProduceResponse::kSchema = message("ProduceResponse", {0, 13}, since(9), kResponse);

}  // namespace kseg::protocol
