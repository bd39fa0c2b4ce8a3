// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/create_partitions.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using CreatePartitionsAssignment = CreatePartitionsRequest::CreatePartitionsAssignment;
constexpr auto kCreatePartitionsAssignment =
    structure<CreatePartitionsAssignment>(field<&CreatePartitionsAssignment::broker_ids>("brokerIds", since(0)));

using CreatePartitionsTopic = CreatePartitionsRequest::CreatePartitionsTopic;
constexpr auto kCreatePartitionsTopic = structure<CreatePartitionsTopic>(
    field<&CreatePartitionsTopic::name>("name", since(0)), field<&CreatePartitionsTopic::count>("count", since(0)),
    field<&CreatePartitionsTopic::assignments>("assignments", since(0), kCreatePartitionsAssignment).nullable(since(0)));

constexpr auto kRequest =
    structure<CreatePartitionsRequest>(field<&CreatePartitionsRequest::topics>("topics", since(0), kCreatePartitionsTopic),
                                       field<&CreatePartitionsRequest::timeout_ms>("timeoutMs", since(0)),
                                       field<&CreatePartitionsRequest::validate_only>("validateOnly", since(0)));

using CreatePartitionsTopicResult = CreatePartitionsResponse::CreatePartitionsTopicResult;
constexpr auto kCreatePartitionsTopicResult = structure<CreatePartitionsTopicResult>(
    field<&CreatePartitionsTopicResult::name>("name", since(0)),
    field<&CreatePartitionsTopicResult::error_code>("errorCode", since(0)),
    field<&CreatePartitionsTopicResult::error_message>("errorMessage", since(0)).nullable(since(0)));

constexpr auto kResponse = structure<CreatePartitionsResponse>(
    field<&CreatePartitionsResponse::throttle_time_ms>("throttleTimeMs", since(0)),
    field<&CreatePartitionsResponse::results>("results", since(0), kCreatePartitionsTopicResult));

}  // namespace

constinit const Schema CreatePartitionsRequest::kSchema = message("CreatePartitionsRequest", {0, 3}, since(2), kRequest);
constinit const Schema CreatePartitionsResponse::kSchema = message("CreatePartitionsResponse", {0, 3}, since(2), kResponse);

}  // namespace kseg::protocol
