// SPDX-License-Identifier: Apache-2.0
// Records of __transaction_state: what a transactional id is at. Keys and values begin with their version.
// Source: Kafka's TransactionLogKey and TransactionLogValue schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct TransactionLogKey {
    std::string transactional_id{};

    static const Schema kSchema;
};

struct TransactionLogValue {
    struct PartitionsSchema {
        std::string topic{};
        std::vector<std::int32_t> partition_ids{};
    };

    std::int64_t producer_id = 0;
    std::int64_t previous_producer_id = -1;
    std::int64_t next_producer_id = -1;
    std::int16_t producer_epoch = 0;
    std::int16_t next_producer_epoch = -1;
    std::int32_t transaction_timeout_ms = 0;
    std::int8_t transaction_status = 0;
    std::optional<std::vector<PartitionsSchema>> transaction_partitions{std::vector<PartitionsSchema>{}};
    std::int64_t transaction_last_update_timestamp_ms = 0;
    std::int64_t transaction_start_timestamp_ms = 0;
    std::int16_t client_transaction_version = 0;

    static const Schema kSchema;
};

}  // namespace kseg::protocol
