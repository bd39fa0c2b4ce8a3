// SPDX-License-Identifier: Apache-2.0
// DescribeLogDirs: log directories and what partitions take in them.
// Source: Kafka's DescribeLogDirsRequest and DescribeLogDirsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct DescribeLogDirsRequest {
    struct DescribableLogDirTopic {
        std::string topic{};
        std::vector<std::int32_t> partitions{};
    };

    std::optional<std::vector<DescribableLogDirTopic>> topics{std::vector<DescribableLogDirTopic>{}};

    static const Schema kSchema;
};

struct DescribeLogDirsResponse {
    struct DescribeLogDirsPartition {
        std::int32_t partition_index = 0;
        std::int64_t partition_size = 0;
        std::int64_t offset_lag = 0;
        bool is_future_key = false;
    };

    struct DescribeLogDirsTopic {
        std::string name{};
        std::vector<DescribeLogDirsPartition> partitions{};
    };

    struct DescribeLogDirsResult {
        ErrorCode error_code = ErrorCode::none;
        std::string log_dir{};
        std::vector<DescribeLogDirsTopic> topics{};
        std::int64_t total_bytes = -1;
        std::int64_t usable_bytes = -1;
        bool is_cordoned = false;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<DescribeLogDirsResult> results{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
