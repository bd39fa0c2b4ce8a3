// SPDX-License-Identifier: Apache-2.0
// AddPartitionsToTxn: partitions that a transaction will write to.
// Source: Kafka's AddPartitionsToTxnRequest and AddPartitionsToTxnResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct AddPartitionsToTxnRequest {
    struct AddPartitionsToTxnTopic {
        std::string name{};
        std::vector<std::int32_t> partitions{};
    };

    struct AddPartitionsToTxnTransaction {
        std::string transactional_id{};
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        bool verify_only = false;
        std::vector<AddPartitionsToTxnTopic> topics{};
    };

    std::vector<AddPartitionsToTxnTransaction> transactions{};
    std::string v3_and_below_transactional_id{};
    std::int64_t v3_and_below_producer_id = 0;
    std::int16_t v3_and_below_producer_epoch = 0;
    std::vector<AddPartitionsToTxnTopic> v3_and_below_topics{};

    static const Schema kSchema;
};

struct AddPartitionsToTxnResponse {
    struct AddPartitionsToTxnPartitionResult {
        std::int32_t partition_index = 0;
        ErrorCode partition_error_code = ErrorCode::none;
    };

    struct AddPartitionsToTxnTopicResult {
        std::string name{};
        std::vector<AddPartitionsToTxnPartitionResult> results_by_partition{};
    };

    struct AddPartitionsToTxnResult {
        std::string transactional_id{};
        std::vector<AddPartitionsToTxnTopicResult> topic_results{};
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<AddPartitionsToTxnResult> results_by_transaction{};
    std::vector<AddPartitionsToTxnTopicResult> results_by_topic_v3_and_below{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
