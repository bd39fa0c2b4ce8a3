// SPDX-License-Identifier: Apache-2.0
// TxnOffsetCommit: a group's positions, to be kept when the transaction commits.
// Source: Kafka's TxnOffsetCommitRequest and TxnOffsetCommitResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct TxnOffsetCommitRequest {
    struct TxnOffsetCommitRequestPartition {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> committed_metadata{std::string{}};
    };

    struct TxnOffsetCommitRequestTopic {
        std::string name{};
        std::vector<TxnOffsetCommitRequestPartition> partitions{};
    };

    std::string transactional_id{};
    std::string group_id{};
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::int32_t generation_id = -1;
    std::string member_id{};
    std::optional<std::string> group_instance_id{};
    std::vector<TxnOffsetCommitRequestTopic> topics{};

    static const Schema kSchema;
};

struct TxnOffsetCommitResponse {
    struct TxnOffsetCommitResponsePartition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
    };

    struct TxnOffsetCommitResponseTopic {
        std::string name{};
        std::vector<TxnOffsetCommitResponsePartition> partitions{};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<TxnOffsetCommitResponseTopic> topics{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
