// SPDX-License-Identifier: Apache-2.0
// DescribeGroups: state and members of groups.
// Source: Kafka's DescribeGroupsRequest and DescribeGroupsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct DescribeGroupsRequest {
    std::vector<std::string> groups{};
    bool include_authorized_operations = false;

    static const Schema kSchema;
};

struct DescribeGroupsResponse {
    struct DescribedGroupMember {
        std::string member_id{};
        std::optional<std::string> group_instance_id{};
        std::string client_id{};
        std::string client_host{};
        Blob member_metadata{};
        Blob member_assignment{};
    };

    struct DescribedGroup {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message{};
        std::string group_id{};
        std::string group_state{};
        std::string protocol_type{};
        std::string protocol_data{};
        std::vector<DescribedGroupMember> members{};
        std::int32_t authorized_operations = INT32_MIN;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribedGroup> groups{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
