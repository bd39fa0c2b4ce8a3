// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/consumer_protocol.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using SubscriptionTopicPartition = ConsumerProtocolSubscription::TopicPartition;
constexpr auto kSubscriptionTopicPartition =
    structure<SubscriptionTopicPartition>(field<&SubscriptionTopicPartition::topic>("topic", since(1)),
                                          field<&SubscriptionTopicPartition::partitions>("partitions", since(1)));

constexpr auto kSubscription = structure<ConsumerProtocolSubscription>(
    field<&ConsumerProtocolSubscription::topics>("topics", since(0)),
    field<&ConsumerProtocolSubscription::user_data>("userData", since(0)).nullable(since(0)),
    field<&ConsumerProtocolSubscription::owned_partitions>("ownedPartitions", since(1), kSubscriptionTopicPartition)
        .ignorable(),
    field<&ConsumerProtocolSubscription::generation_id>("generationId", since(2)).ignorable(),
    field<&ConsumerProtocolSubscription::rack_id>("rackId", since(3)).nullable(since(3)).ignorable());

using AssignmentTopicPartition = ConsumerProtocolAssignment::TopicPartition;
constexpr auto kAssignmentTopicPartition =
    structure<AssignmentTopicPartition>(field<&AssignmentTopicPartition::topic>("topic", since(0)),
                                        field<&AssignmentTopicPartition::partitions>("partitions", since(0)));

constexpr auto kAssignment = structure<ConsumerProtocolAssignment>(
    field<&ConsumerProtocolAssignment::assigned_partitions>("assignedPartitions", since(0), kAssignmentTopicPartition),
    field<&ConsumerProtocolAssignment::user_data>("userData", since(0)).nullable(since(0)));

}  // namespace

constinit const Schema ConsumerProtocolSubscription::kSchema =
    message("ConsumerProtocolSubscription", {0, 3}, kNoVersions, kSubscription);
constinit const Schema ConsumerProtocolAssignment::kSchema =
    message("ConsumerProtocolAssignment", {0, 3}, kNoVersions, kAssignment);

}  // namespace kseg::protocol
