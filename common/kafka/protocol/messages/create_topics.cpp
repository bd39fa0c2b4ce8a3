// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/create_topics.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using CreatableReplicaAssignment = CreateTopicsRequest::CreatableReplicaAssignment;
constexpr auto kCreatableReplicaAssignment =
    structure<CreatableReplicaAssignment>(field<&CreatableReplicaAssignment::partition_index>("partitionIndex", since(0)),
                                          field<&CreatableReplicaAssignment::broker_ids>("brokerIds", since(0)));

using CreatableTopicConfig = CreateTopicsRequest::CreatableTopicConfig;
constexpr auto kCreatableTopicConfig =
    structure<CreatableTopicConfig>(field<&CreatableTopicConfig::name>("name", since(0)),
                                    field<&CreatableTopicConfig::value>("value", since(0)).nullable(since(0)));

using CreatableTopic = CreateTopicsRequest::CreatableTopic;
constexpr auto kCreatableTopic = structure<CreatableTopic>(
    field<&CreatableTopic::name>("name", since(0)), field<&CreatableTopic::num_partitions>("numPartitions", since(0)),
    field<&CreatableTopic::replication_factor>("replicationFactor", since(0)),
    field<&CreatableTopic::assignments>("assignments", since(0), kCreatableReplicaAssignment),
    field<&CreatableTopic::configs>("configs", since(0), kCreatableTopicConfig));

constexpr auto kRequest =
    structure<CreateTopicsRequest>(field<&CreateTopicsRequest::topics>("topics", since(0), kCreatableTopic),
                                   field<&CreateTopicsRequest::timeout_ms>("timeoutMs", since(0)),
                                   field<&CreateTopicsRequest::validate_only>("validateOnly", since(1)));

using CreatableTopicConfigs = CreateTopicsResponse::CreatableTopicConfigs;
constexpr auto kCreatableTopicConfigs =
    structure<CreatableTopicConfigs>(field<&CreatableTopicConfigs::name>("name", since(5)),
                                     field<&CreatableTopicConfigs::value>("value", since(5)).nullable(since(5)),
                                     field<&CreatableTopicConfigs::read_only>("readOnly", since(5)),
                                     field<&CreatableTopicConfigs::config_source>("configSource", since(5)).ignorable(),
                                     field<&CreatableTopicConfigs::is_sensitive>("isSensitive", since(5)));

using CreatableTopicResult = CreateTopicsResponse::CreatableTopicResult;
constexpr auto kCreatableTopicResult = structure<CreatableTopicResult>(
    field<&CreatableTopicResult::name>("name", since(0)),
    field<&CreatableTopicResult::topic_id>("topicId", since(7)).ignorable(),
    field<&CreatableTopicResult::error_code>("errorCode", since(0)),
    field<&CreatableTopicResult::error_message>("errorMessage", since(1)).nullable(since(0)).ignorable(),
    field<&CreatableTopicResult::topic_config_error_code>("topicConfigErrorCode", since(5)).tagged(0, since(5)).ignorable(),
    field<&CreatableTopicResult::num_partitions>("numPartitions", since(5)).ignorable(),
    field<&CreatableTopicResult::replication_factor>("replicationFactor", since(5)).ignorable(),
    field<&CreatableTopicResult::configs>("configs", since(5), kCreatableTopicConfigs).nullable(since(5)).ignorable());

constexpr auto kResponse =
    structure<CreateTopicsResponse>(field<&CreateTopicsResponse::throttle_time_ms>("throttleTimeMs", since(2)).ignorable(),
                                    field<&CreateTopicsResponse::topics>("topics", since(0), kCreatableTopicResult));

}  // namespace

constinit const Schema CreateTopicsRequest::kSchema = message("CreateTopicsRequest", {0, 7}, since(5), kRequest);
constinit const Schema CreateTopicsResponse::kSchema = message("CreateTopicsResponse", {0, 7}, since(5), kResponse);

}  // namespace kseg::protocol
