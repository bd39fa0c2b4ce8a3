// SPDX-License-Identifier: Apache-2.0
// LeaveGroup: members leave a group.
// Source: Kafka's LeaveGroupRequest and LeaveGroupResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct LeaveGroupRequest {
    struct MemberIdentity {
        std::string member_id{};
        std::optional<std::string> group_instance_id{};
        std::optional<std::string> reason{};
    };

    std::string group_id{};
    std::string member_id{};
    std::vector<MemberIdentity> members{};

    static const Schema kSchema;
};

struct LeaveGroupResponse {
    struct MemberResponse {
        std::string member_id{};
        std::optional<std::string> group_instance_id{std::string{}};
        ErrorCode error_code = ErrorCode::none;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<MemberResponse> members{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
