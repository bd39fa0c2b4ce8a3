// SPDX-License-Identifier: Apache-2.0
// OffsetCommit: a group's positions to be kept.
// Source: Kafka's OffsetCommitRequest and OffsetCommitResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct OffsetCommitRequest {
    struct OffsetCommitRequestPartition {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::int64_t commit_timestamp = -1;
        std::optional<std::string> committed_metadata{std::string{}};
    };

    struct OffsetCommitRequestTopic {
        std::string name{};
        Uuid topic_id{};
        std::vector<OffsetCommitRequestPartition> partitions{};
    };

    std::string group_id{};
    std::int32_t generation_id_or_member_epoch = -1;
    std::string member_id{};
    std::optional<std::string> group_instance_id{};
    std::int64_t retention_time_ms = -1;
    std::vector<OffsetCommitRequestTopic> topics{};

    static const Schema kSchema;
};

struct OffsetCommitResponse {
    struct OffsetCommitResponsePartition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
    };

    struct OffsetCommitResponseTopic {
        std::string name{};
        Uuid topic_id{};
        std::vector<OffsetCommitResponsePartition> partitions{};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<OffsetCommitResponseTopic> topics{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
