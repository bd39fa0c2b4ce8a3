// SPDX-License-Identifier: Apache-2.0
// What consumers put into JoinGroup and SyncGroup: subscriptions and assignments, behind their version.
// Source: Kafka's ConsumerProtocolSubscription and ConsumerProtocolAssignment schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct ConsumerProtocolSubscription {
    struct TopicPartition {
        std::string topic{};
        std::vector<std::int32_t> partitions{};
    };

    std::vector<std::string> topics{};
    std::optional<Blob> user_data{};
    std::vector<TopicPartition> owned_partitions{};
    std::int32_t generation_id = -1;
    std::optional<std::string> rack_id{};

    static const Schema kSchema;
};

struct ConsumerProtocolAssignment {
    struct TopicPartition {
        std::string topic{};
        std::vector<std::int32_t> partitions{};
    };

    std::vector<TopicPartition> assigned_partitions{};
    std::optional<Blob> user_data{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
