// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/add_partitions_to_txn.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using AddPartitionsToTxnTopic = AddPartitionsToTxnRequest::AddPartitionsToTxnTopic;
constexpr auto kAddPartitionsToTxnTopic =
    structure<AddPartitionsToTxnTopic>(field<&AddPartitionsToTxnTopic::name>("name", since(0)),
                                       field<&AddPartitionsToTxnTopic::partitions>("partitions", since(0)));

using AddPartitionsToTxnTransaction = AddPartitionsToTxnRequest::AddPartitionsToTxnTransaction;
constexpr auto kAddPartitionsToTxnTransaction = structure<AddPartitionsToTxnTransaction>(
    field<&AddPartitionsToTxnTransaction::transactional_id>("transactionalId", since(4)),
    field<&AddPartitionsToTxnTransaction::producer_id>("producerId", since(4)),
    field<&AddPartitionsToTxnTransaction::producer_epoch>("producerEpoch", since(4)),
    field<&AddPartitionsToTxnTransaction::verify_only>("verifyOnly", since(4)),
    field<&AddPartitionsToTxnTransaction::topics>("topics", since(4), kAddPartitionsToTxnTopic));

constexpr auto kRequest = structure<AddPartitionsToTxnRequest>(
    field<&AddPartitionsToTxnRequest::transactions>("transactions", since(4), kAddPartitionsToTxnTransaction),
    field<&AddPartitionsToTxnRequest::v3_and_below_transactional_id>("v3AndBelowTransactionalId", {0, 3}),
    field<&AddPartitionsToTxnRequest::v3_and_below_producer_id>("v3AndBelowProducerId", {0, 3}),
    field<&AddPartitionsToTxnRequest::v3_and_below_producer_epoch>("v3AndBelowProducerEpoch", {0, 3}),
    field<&AddPartitionsToTxnRequest::v3_and_below_topics>("v3AndBelowTopics", {0, 3}, kAddPartitionsToTxnTopic));

using AddPartitionsToTxnPartitionResult = AddPartitionsToTxnResponse::AddPartitionsToTxnPartitionResult;
constexpr auto kAddPartitionsToTxnPartitionResult = structure<AddPartitionsToTxnPartitionResult>(
    field<&AddPartitionsToTxnPartitionResult::partition_index>("partitionIndex", since(0)),
    field<&AddPartitionsToTxnPartitionResult::partition_error_code>("partitionErrorCode", since(0)));

using AddPartitionsToTxnTopicResult = AddPartitionsToTxnResponse::AddPartitionsToTxnTopicResult;
constexpr auto kAddPartitionsToTxnTopicResult =
    structure<AddPartitionsToTxnTopicResult>(field<&AddPartitionsToTxnTopicResult::name>("name", since(0)),
                                             field<&AddPartitionsToTxnTopicResult::results_by_partition>(
                                                 "resultsByPartition", since(0), kAddPartitionsToTxnPartitionResult));

using AddPartitionsToTxnResult = AddPartitionsToTxnResponse::AddPartitionsToTxnResult;
constexpr auto kAddPartitionsToTxnResult = structure<AddPartitionsToTxnResult>(
    field<&AddPartitionsToTxnResult::transactional_id>("transactionalId", since(4)),
    field<&AddPartitionsToTxnResult::topic_results>("topicResults", since(4), kAddPartitionsToTxnTopicResult));

constexpr auto kResponse = structure<AddPartitionsToTxnResponse>(
    field<&AddPartitionsToTxnResponse::throttle_time_ms>("throttleTimeMs", since(0)),
    field<&AddPartitionsToTxnResponse::error_code>("errorCode", since(4)).ignorable(),
    field<&AddPartitionsToTxnResponse::results_by_transaction>("resultsByTransaction", since(4), kAddPartitionsToTxnResult),
    field<&AddPartitionsToTxnResponse::results_by_topic_v3_and_below>("resultsByTopicV3AndBelow", {0, 3},
                                                                      kAddPartitionsToTxnTopicResult));

}  // namespace

constinit const Schema AddPartitionsToTxnRequest::kSchema =
    message("AddPartitionsToTxnRequest", {0, 5}, since(3), kRequest);
constinit const Schema AddPartitionsToTxnResponse::kSchema =
    message("AddPartitionsToTxnResponse", {0, 5}, since(3), kResponse);

}  // namespace kseg::protocol
