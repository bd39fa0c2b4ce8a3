// SPDX-License-Identifier: Apache-2.0
// OffsetDelete: committed positions to be forgotten.
// Source: Kafka's OffsetDeleteRequest and OffsetDeleteResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct OffsetDeleteRequest {
    struct OffsetDeleteRequestPartition {
        std::int32_t partition_index = 0;
    };

    struct OffsetDeleteRequestTopic {
        std::string name{};
        std::vector<OffsetDeleteRequestPartition> partitions{};
    };

    std::string group_id{};
    std::vector<OffsetDeleteRequestTopic> topics{};

    static const Schema kSchema;
};

struct OffsetDeleteResponse {
    struct OffsetDeleteResponsePartition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
    };

    struct OffsetDeleteResponseTopic {
        std::string name{};
        std::vector<OffsetDeleteResponsePartition> partitions{};
    };

    ErrorCode error_code = ErrorCode::none;
    std::int32_t throttle_time_ms = 0;
    std::vector<OffsetDeleteResponseTopic> topics{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
