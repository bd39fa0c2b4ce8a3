// SPDX-License-Identifier: Apache-2.0
// FindCoordinator: the broker that owns a group or a transactional id.
// Source: Kafka's FindCoordinatorRequest and FindCoordinatorResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct FindCoordinatorRequest {
    std::string key{};
    std::int8_t key_type = 0;
    std::vector<std::string> coordinator_keys{};

    static const Schema kSchema;
};

struct FindCoordinatorResponse {
    struct Coordinator {
        std::string key{};
        std::int32_t node_id = 0;
        std::string host{};
        std::int32_t port = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message{std::string{}};
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message{std::string{}};
    std::int32_t node_id = 0;
    std::string host{};
    std::int32_t port = 0;
    std::vector<Coordinator> coordinators{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
