// SPDX-License-Identifier: Apache-2.0
// DeleteRecords: records to be deleted up to an offset.
// Source: Kafka's DeleteRecordsRequest and DeleteRecordsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct DeleteRecordsRequest {
    struct DeleteRecordsPartition {
        std::int32_t partition_index = 0;
        std::int64_t offset = 0;
    };

    struct DeleteRecordsTopic {
        std::string name{};
        std::vector<DeleteRecordsPartition> partitions{};
    };

    std::vector<DeleteRecordsTopic> topics{};
    std::int32_t timeout_ms = 0;

    static const Schema kSchema;
};

struct DeleteRecordsResponse {
    struct DeleteRecordsPartitionResult {
        std::int32_t partition_index = 0;
        std::int64_t low_watermark = 0;
        ErrorCode error_code = ErrorCode::none;
    };

    struct DeleteRecordsTopicResult {
        std::string name{};
        std::vector<DeleteRecordsPartitionResult> partitions{};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeleteRecordsTopicResult> topics{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
