// SPDX-License-Identifier: Apache-2.0
// OffsetFetch: the positions that a group has committed.
// Source: Kafka's OffsetFetchRequest and OffsetFetchResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct OffsetFetchRequest {
    struct OffsetFetchRequestTopic {
        std::string name{};
        std::vector<std::int32_t> partition_indexes{};
    };

    struct OffsetFetchRequestTopics {
        std::string name{};
        Uuid topic_id{};
        std::vector<std::int32_t> partition_indexes{};
    };

    struct OffsetFetchRequestGroup {
        std::string group_id{};
        std::optional<std::string> member_id{};
        std::int32_t member_epoch = -1;
        std::optional<std::vector<OffsetFetchRequestTopics>> topics{std::vector<OffsetFetchRequestTopics>{}};
    };

    std::string group_id{};
    std::optional<std::vector<OffsetFetchRequestTopic>> topics{std::vector<OffsetFetchRequestTopic>{}};
    std::vector<OffsetFetchRequestGroup> groups{};
    bool require_stable = false;

    static const Schema kSchema;
};

struct OffsetFetchResponse {
    struct OffsetFetchResponsePartition {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> metadata{std::string{}};
        ErrorCode error_code = ErrorCode::none;
    };

    struct OffsetFetchResponseTopic {
        std::string name{};
        std::vector<OffsetFetchResponsePartition> partitions{};
    };

    struct OffsetFetchResponsePartitions {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> metadata{std::string{}};
        ErrorCode error_code = ErrorCode::none;
    };

    struct OffsetFetchResponseTopics {
        std::string name{};
        Uuid topic_id{};
        std::vector<OffsetFetchResponsePartitions> partitions{};
    };

    struct OffsetFetchResponseGroup {
        std::string group_id{};
        std::vector<OffsetFetchResponseTopics> topics{};
        ErrorCode error_code = ErrorCode::none;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<OffsetFetchResponseTopic> topics{};
    ErrorCode error_code = ErrorCode::none;
    std::vector<OffsetFetchResponseGroup> groups{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
