// SPDX-License-Identifier: Apache-2.0
// CreateTopics: topics to be created.
// Source: Kafka's CreateTopicsRequest and CreateTopicsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct CreateTopicsRequest {
    struct CreatableReplicaAssignment {
        std::int32_t partition_index = 0;
        std::vector<std::int32_t> broker_ids{};
    };

    struct CreatableTopicConfig {
        std::string name{};
        std::optional<std::string> value{std::string{}};
    };

    struct CreatableTopic {
        std::string name{};
        std::int32_t num_partitions = 0;
        std::int16_t replication_factor = 0;
        std::vector<CreatableReplicaAssignment> assignments{};
        std::vector<CreatableTopicConfig> configs{};
    };

    std::vector<CreatableTopic> topics{};
    std::int32_t timeout_ms = 60000;
    bool validate_only = false;

    static const Schema kSchema;
};

struct CreateTopicsResponse {
    struct CreatableTopicConfigs {
        std::string name{};
        std::optional<std::string> value{std::string{}};
        bool read_only = false;
        std::int8_t config_source = -1;
        bool is_sensitive = false;
    };

    struct CreatableTopicResult {
        std::string name{};
        Uuid topic_id{};
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message{std::string{}};
        ErrorCode topic_config_error_code = ErrorCode::none;
        std::int32_t num_partitions = -1;
        std::int16_t replication_factor = -1;
        std::optional<std::vector<CreatableTopicConfigs>> configs{std::vector<CreatableTopicConfigs>{}};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<CreatableTopicResult> topics{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
