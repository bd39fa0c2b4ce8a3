// SPDX-License-Identifier: Apache-2.0
// ListOffsets: the offset at a time, or at an end of a partition.
// Source: Kafka's ListOffsetsRequest and ListOffsetsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct ListOffsetsRequest {
    struct ListOffsetsPartition {
        std::int32_t partition_index = 0;
        std::int32_t current_leader_epoch = -1;
        std::int64_t timestamp = 0;
        std::int32_t max_num_offsets = 1;
    };

    struct ListOffsetsTopic {
        std::string name{};
        std::vector<ListOffsetsPartition> partitions{};
    };

    std::int32_t replica_id = 0;
    std::int8_t isolation_level = 0;
    std::vector<ListOffsetsTopic> topics{};
    std::int32_t timeout_ms = 0;

    static const Schema kSchema;
};

struct ListOffsetsResponse {
    struct ListOffsetsPartitionResponse {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::vector<std::int64_t> old_style_offsets{};
        std::int64_t timestamp = -1;
        std::int64_t offset = -1;
        std::int32_t leader_epoch = -1;
    };

    struct ListOffsetsTopicResponse {
        std::string name{};
        std::vector<ListOffsetsPartitionResponse> partitions{};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<ListOffsetsTopicResponse> topics{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
