// SPDX-License-Identifier: Apache-2.0
// CreatePartitions: topics to be given more partitions.
// Source: Kafka's CreatePartitionsRequest and CreatePartitionsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct CreatePartitionsRequest {
    struct CreatePartitionsAssignment {
        std::vector<std::int32_t> broker_ids{};
    };

    struct CreatePartitionsTopic {
        std::string name{};
        std::int32_t count = 0;
        std::optional<std::vector<CreatePartitionsAssignment>> assignments{std::vector<CreatePartitionsAssignment>{}};
    };

    std::vector<CreatePartitionsTopic> topics{};
    std::int32_t timeout_ms = 0;
    bool validate_only = false;

    static const Schema kSchema;
};

struct CreatePartitionsResponse {
    struct CreatePartitionsTopicResult {
        std::string name{};
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message{};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<CreatePartitionsTopicResult> results{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
