// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/write_txn_markers.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using WritableTxnMarkerTopic = WriteTxnMarkersRequest::WritableTxnMarkerTopic;
constexpr auto kWritableTxnMarkerTopic =
    structure<WritableTxnMarkerTopic>(field<&WritableTxnMarkerTopic::name>("name", since(0)),
                                      field<&WritableTxnMarkerTopic::partition_indexes>("partitionIndexes", since(0)));

using WritableTxnMarker = WriteTxnMarkersRequest::WritableTxnMarker;
constexpr auto kWritableTxnMarker = structure<WritableTxnMarker>(
    field<&WritableTxnMarker::producer_id>("producerId", since(0)),
    field<&WritableTxnMarker::producer_epoch>("producerEpoch", since(0)),
    field<&WritableTxnMarker::transaction_result>("transactionResult", since(0)),
    field<&WritableTxnMarker::topics>("topics", since(0), kWritableTxnMarkerTopic),
    field<&WritableTxnMarker::coordinator_epoch>("coordinatorEpoch", since(0)),
    field<&WritableTxnMarker::transaction_version>("transactionVersion", since(2)).ignorable());

constexpr auto kRequest =
    structure<WriteTxnMarkersRequest>(field<&WriteTxnMarkersRequest::markers>("markers", since(0), kWritableTxnMarker));

using WritableTxnMarkerPartitionResult = WriteTxnMarkersResponse::WritableTxnMarkerPartitionResult;
constexpr auto kWritableTxnMarkerPartitionResult = structure<WritableTxnMarkerPartitionResult>(
    field<&WritableTxnMarkerPartitionResult::partition_index>("partitionIndex", since(0)),
    field<&WritableTxnMarkerPartitionResult::error_code>("errorCode", since(0)));

using WritableTxnMarkerTopicResult = WriteTxnMarkersResponse::WritableTxnMarkerTopicResult;
constexpr auto kWritableTxnMarkerTopicResult = structure<WritableTxnMarkerTopicResult>(
    field<&WritableTxnMarkerTopicResult::name>("name", since(0)),
    field<&WritableTxnMarkerTopicResult::partitions>("partitions", since(0), kWritableTxnMarkerPartitionResult));

using WritableTxnMarkerResult = WriteTxnMarkersResponse::WritableTxnMarkerResult;
constexpr auto kWritableTxnMarkerResult = structure<WritableTxnMarkerResult>(
    field<&WritableTxnMarkerResult::producer_id>("producerId", since(0)),
    field<&WritableTxnMarkerResult::topics>("topics", since(0), kWritableTxnMarkerTopicResult));

constexpr auto kResponse = structure<WriteTxnMarkersResponse>(
    field<&WriteTxnMarkersResponse::markers>("markers", since(0), kWritableTxnMarkerResult));

}  // namespace

constinit const Schema WriteTxnMarkersRequest::kSchema = message("WriteTxnMarkersRequest", {0, 2}, since(1), kRequest);
constinit const Schema WriteTxnMarkersResponse::kSchema = message("WriteTxnMarkersResponse", {0, 2}, since(1), kResponse);

}  // namespace kseg::protocol
