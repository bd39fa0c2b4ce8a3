// SPDX-License-Identifier: Apache-2.0
// Produce: record batches to be appended.
// Source: Kafka's ProduceRequest and ProduceResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct ProduceRequest {
    struct PartitionProduceData {
        std::int32_t index = 0;
        Records records{};
    };

    struct TopicProduceData {
        std::string name{};
        Uuid topic_id{};
        std::vector<PartitionProduceData> partition_data{};
    };

    std::optional<std::string> transactional_id{};
    std::int16_t acks = 0;
    std::int32_t timeout_ms = 0;
    std::vector<TopicProduceData> topic_data{};

    static const Schema kSchema;
};

struct ProduceResponse {
    struct BatchIndexAndErrorMessage {
        std::int32_t batch_index = 0;
        std::optional<std::string> batch_index_error_message{};
    };

    struct LeaderIdAndEpoch {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;
    };

    struct PartitionProduceResponse {
        std::int32_t index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::int64_t base_offset = 0;
        std::int64_t log_append_time_ms = -1;
        std::int64_t log_start_offset = -1;
        std::vector<BatchIndexAndErrorMessage> record_errors{};
        std::optional<std::string> error_message{};
        LeaderIdAndEpoch current_leader{};
    };

    struct TopicProduceResponse {
        std::string name{};
        Uuid topic_id{};
        std::vector<PartitionProduceResponse> partition_responses{};
    };

    struct NodeEndpoint {
        std::int32_t node_id = 0;
        std::string host{};
        std::int32_t port = 0;
        std::optional<std::string> rack{};
    };

    std::vector<TopicProduceResponse> responses{};
    std::int32_t throttle_time_ms = 0;
    std::vector<NodeEndpoint> node_endpoints{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
