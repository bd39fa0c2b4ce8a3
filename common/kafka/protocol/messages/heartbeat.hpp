// SPDX-License-Identifier: Apache-2.0
// Heartbeat: a member is alive; the answer says when to rejoin.
// Source: Kafka's HeartbeatRequest and HeartbeatResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct HeartbeatRequest {
    std::string group_id{};
    std::int32_t generation_id = 0;
    std::string member_id{};
    std::optional<std::string> group_instance_id{};

    static const Schema kSchema;
};

struct HeartbeatResponse {
    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;

    static const Schema kSchema;
};

}  // namespace kseg::protocol
