// SPDX-License-Identifier: Apache-2.0
// DescribeTopicPartitions: a page of topics with their partitions (KIP-966).
// Source: Kafka's DescribeTopicPartitionsRequest and DescribeTopicPartitionsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct DescribeTopicPartitionsRequest {
    struct TopicRequest {
        std::string name{};
    };

    struct Cursor {
        std::string topic_name{};
        std::int32_t partition_index = 0;
    };

    std::vector<TopicRequest> topics{};
    std::int32_t response_partition_limit = 2000;
    std::optional<Cursor> cursor{};

    static const Schema kSchema;
};

struct DescribeTopicPartitionsResponse {
    struct DescribeTopicPartitionsResponsePartition {
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition_index = 0;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = -1;
        std::vector<std::int32_t> replica_nodes{};
        std::vector<std::int32_t> isr_nodes{};
        std::optional<std::vector<std::int32_t>> eligible_leader_replicas{};
        std::optional<std::vector<std::int32_t>> last_known_elr{};
        std::vector<std::int32_t> offline_replicas{};
    };

    struct DescribeTopicPartitionsResponseTopic {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> name{std::string{}};
        Uuid topic_id{};
        bool is_internal = false;
        std::vector<DescribeTopicPartitionsResponsePartition> partitions{};
        std::int32_t topic_authorized_operations = INT32_MIN;
    };

    struct Cursor {
        std::string topic_name{};
        std::int32_t partition_index = 0;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribeTopicPartitionsResponseTopic> topics{};
    std::optional<Cursor> next_cursor{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
