// SPDX-License-Identifier: Apache-2.0
// DeleteTopics: topics to be deleted.
// Source: Kafka's DeleteTopicsRequest and DeleteTopicsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct DeleteTopicsRequest {
    struct DeleteTopicState {
        std::optional<std::string> name{};
        Uuid topic_id{};
    };

    std::vector<DeleteTopicState> topics{};
    std::vector<std::string> topic_names{};
    std::int32_t timeout_ms = 0;

    static const Schema kSchema;
};

struct DeleteTopicsResponse {
    struct DeletableTopicResult {
        std::optional<std::string> name{std::string{}};
        Uuid topic_id{};
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message{};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeletableTopicResult> responses{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
