// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/delete_records.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using DeleteRecordsPartition = DeleteRecordsRequest::DeleteRecordsPartition;
constexpr auto kDeleteRecordsPartition =
    structure<DeleteRecordsPartition>(field<&DeleteRecordsPartition::partition_index>("partitionIndex", since(0)),
                                      field<&DeleteRecordsPartition::offset>("offset", since(0)));

using DeleteRecordsTopic = DeleteRecordsRequest::DeleteRecordsTopic;
constexpr auto kDeleteRecordsTopic =
    structure<DeleteRecordsTopic>(field<&DeleteRecordsTopic::name>("name", since(0)),
                                  field<&DeleteRecordsTopic::partitions>("partitions", since(0), kDeleteRecordsPartition));

constexpr auto kRequest =
    structure<DeleteRecordsRequest>(field<&DeleteRecordsRequest::topics>("topics", since(0), kDeleteRecordsTopic),
                                    field<&DeleteRecordsRequest::timeout_ms>("timeoutMs", since(0)));

using DeleteRecordsPartitionResult = DeleteRecordsResponse::DeleteRecordsPartitionResult;
constexpr auto kDeleteRecordsPartitionResult = structure<DeleteRecordsPartitionResult>(
    field<&DeleteRecordsPartitionResult::partition_index>("partitionIndex", since(0)),
    field<&DeleteRecordsPartitionResult::low_watermark>("lowWatermark", since(0)),
    field<&DeleteRecordsPartitionResult::error_code>("errorCode", since(0)));

using DeleteRecordsTopicResult = DeleteRecordsResponse::DeleteRecordsTopicResult;
constexpr auto kDeleteRecordsTopicResult = structure<DeleteRecordsTopicResult>(
    field<&DeleteRecordsTopicResult::name>("name", since(0)),
    field<&DeleteRecordsTopicResult::partitions>("partitions", since(0), kDeleteRecordsPartitionResult));

constexpr auto kResponse =
    structure<DeleteRecordsResponse>(field<&DeleteRecordsResponse::throttle_time_ms>("throttleTimeMs", since(0)),
                                     field<&DeleteRecordsResponse::topics>("topics", since(0), kDeleteRecordsTopicResult));

}  // namespace

constinit const Schema DeleteRecordsRequest::kSchema = message("DeleteRecordsRequest", {0, 2}, since(2), kRequest);
constinit const Schema DeleteRecordsResponse::kSchema = message("DeleteRecordsResponse", {0, 2}, since(2), kResponse);

}  // namespace kseg::protocol
