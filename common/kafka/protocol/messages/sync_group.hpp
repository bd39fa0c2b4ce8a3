// SPDX-License-Identifier: Apache-2.0
// SyncGroup: the leader hands out assignments; each member gets its own.
// Source: Kafka's SyncGroupRequest and SyncGroupResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct SyncGroupRequest {
    struct SyncGroupRequestAssignment {
        std::string member_id{};
        Blob assignment{};
    };

    std::string group_id{};
    std::int32_t generation_id = 0;
    std::string member_id{};
    std::optional<std::string> group_instance_id{};
    std::optional<std::string> protocol_type{};
    std::optional<std::string> protocol_name{};
    std::vector<SyncGroupRequestAssignment> assignments{};

    static const Schema kSchema;
};

struct SyncGroupResponse {
    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> protocol_type{};
    std::optional<std::string> protocol_name{};
    Blob assignment{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
