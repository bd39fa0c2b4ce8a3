// SPDX-License-Identifier: Apache-2.0
// Metadata: brokers, topics and the leaders of partitions.
// Source: Kafka's MetadataRequest and MetadataResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct MetadataRequest {
    struct MetadataRequestTopic {
        Uuid topic_id{};
        std::optional<std::string> name{std::string{}};
    };

    std::optional<std::vector<MetadataRequestTopic>> topics{std::vector<MetadataRequestTopic>{}};
    bool allow_auto_topic_creation = true;
    bool include_cluster_authorized_operations = false;
    bool include_topic_authorized_operations = false;

    static const Schema kSchema;
};

struct MetadataResponse {
    struct MetadataResponseBroker {
        std::int32_t node_id = 0;
        std::string host{};
        std::int32_t port = 0;
        std::optional<std::string> rack{};
    };

    struct MetadataResponsePartition {
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition_index = 0;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = -1;
        std::vector<std::int32_t> replica_nodes{};
        std::vector<std::int32_t> isr_nodes{};
        std::vector<std::int32_t> offline_replicas{};
    };

    struct MetadataResponseTopic {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> name{std::string{}};
        Uuid topic_id{};
        bool is_internal = false;
        std::vector<MetadataResponsePartition> partitions{};
        std::int32_t topic_authorized_operations = INT32_MIN;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<MetadataResponseBroker> brokers{};
    std::optional<std::string> cluster_id{};
    std::int32_t controller_id = -1;
    std::vector<MetadataResponseTopic> topics{};
    std::int32_t cluster_authorized_operations = INT32_MIN;
    ErrorCode error_code = ErrorCode::none;

    static const Schema kSchema;
};

}  // namespace kseg::protocol
