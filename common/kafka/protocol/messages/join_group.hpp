// SPDX-License-Identifier: Apache-2.0
// JoinGroup: a member joins or rejoins a group; answered when the round is complete.
// Source: Kafka's JoinGroupRequest and JoinGroupResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct JoinGroupRequest {
    struct JoinGroupRequestProtocol {
        std::string name{};
        Blob metadata{};
    };

    std::string group_id{};
    std::int32_t session_timeout_ms = 0;
    std::int32_t rebalance_timeout_ms = -1;
    std::string member_id{};
    std::optional<std::string> group_instance_id{};
    std::string protocol_type{};
    std::vector<JoinGroupRequestProtocol> protocols{};
    std::optional<std::string> reason{};

    static const Schema kSchema;
};

struct JoinGroupResponse {
    struct JoinGroupResponseMember {
        std::string member_id{};
        std::optional<std::string> group_instance_id{};
        Blob metadata{};
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int32_t generation_id = -1;
    std::optional<std::string> protocol_type{};
    std::optional<std::string> protocol_name{std::string{}};
    std::string leader{};
    bool skip_assignment = false;
    std::string member_id{};
    std::vector<JoinGroupResponseMember> members{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
