// SPDX-License-Identifier: Apache-2.0
// OffsetForLeaderEpoch: where an epoch of a leader ended.
// Source: Kafka's OffsetForLeaderEpochRequest and OffsetForLeaderEpochResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct OffsetForLeaderEpochRequest {
    struct OffsetForLeaderPartition {
        std::int32_t partition = 0;
        std::int32_t current_leader_epoch = -1;
        std::int32_t leader_epoch = 0;
    };

    struct OffsetForLeaderTopic {
        std::string topic{};
        std::vector<OffsetForLeaderPartition> partitions{};
    };

    std::int32_t replica_id = -2;
    std::vector<OffsetForLeaderTopic> topics{};

    static const Schema kSchema;
};

struct OffsetForLeaderEpochResponse {
    struct EpochEndOffset {
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition = 0;
        std::int32_t leader_epoch = -1;
        std::int64_t end_offset = -1;
    };

    struct OffsetForLeaderTopicResult {
        std::string topic{};
        std::vector<EpochEndOffset> partitions{};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<OffsetForLeaderTopicResult> topics{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
