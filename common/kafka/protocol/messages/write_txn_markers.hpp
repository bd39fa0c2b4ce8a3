// SPDX-License-Identifier: Apache-2.0
// WriteTxnMarkers: control batches that end a transaction.
// Source: Kafka's WriteTxnMarkersRequest and WriteTxnMarkersResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct WriteTxnMarkersRequest {
    struct WritableTxnMarkerTopic {
        std::string name{};
        std::vector<std::int32_t> partition_indexes{};
    };

    struct WritableTxnMarker {
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        bool transaction_result = false;
        std::vector<WritableTxnMarkerTopic> topics{};
        std::int32_t coordinator_epoch = 0;
        std::int8_t transaction_version = 0;
    };

    std::vector<WritableTxnMarker> markers{};

    static const Schema kSchema;
};

struct WriteTxnMarkersResponse {
    struct WritableTxnMarkerPartitionResult {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
    };

    struct WritableTxnMarkerTopicResult {
        std::string name{};
        std::vector<WritableTxnMarkerPartitionResult> partitions{};
    };

    struct WritableTxnMarkerResult {
        std::int64_t producer_id = 0;
        std::vector<WritableTxnMarkerTopicResult> topics{};
    };

    std::vector<WritableTxnMarkerResult> markers{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
