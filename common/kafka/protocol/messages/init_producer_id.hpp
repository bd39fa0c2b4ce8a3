// SPDX-License-Identifier: Apache-2.0
// InitProducerId: a producer id and epoch, for idempotence and transactions.
// Source: Kafka's InitProducerIdRequest and InitProducerIdResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct InitProducerIdRequest {
    std::optional<std::string> transactional_id{std::string{}};
    std::int32_t transaction_timeout_ms = 0;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    bool enable_2pc = false;
    bool keep_prepared_txn = false;

    static const Schema kSchema;
};

struct InitProducerIdResponse {
    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = 0;
    std::int64_t ongoing_txn_producer_id = -1;
    std::int16_t ongoing_txn_producer_epoch = -1;

    static const Schema kSchema;
};

}  // namespace kseg::protocol
