// SPDX-License-Identifier: Apache-2.0
// DeleteGroups: groups to be deleted.
// Source: Kafka's DeleteGroupsRequest and DeleteGroupsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct DeleteGroupsRequest {
    std::vector<std::string> groups_names{};

    static const Schema kSchema;
};

struct DeleteGroupsResponse {
    struct DeletableGroupResult {
        std::string group_id{};
        ErrorCode error_code = ErrorCode::none;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeletableGroupResult> results{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
