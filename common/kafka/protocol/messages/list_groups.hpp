// SPDX-License-Identifier: Apache-2.0
// ListGroups: the groups that a broker coordinates.
// Source: Kafka's ListGroupsRequest and ListGroupsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct ListGroupsRequest {
    std::vector<std::string> states_filter{};
    std::vector<std::string> types_filter{};

    static const Schema kSchema;
};

struct ListGroupsResponse {
    struct ListedGroup {
        std::string group_id{};
        std::string protocol_type{};
        std::string group_state{};
        std::string group_type{};
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<ListedGroup> groups{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
