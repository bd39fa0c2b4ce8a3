// SPDX-License-Identifier: Apache-2.0
// AddOffsetsToTxn: a group whose offsets a transaction will commit.
// Source: Kafka's AddOffsetsToTxnRequest and AddOffsetsToTxnResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct AddOffsetsToTxnRequest {
    std::string transactional_id{};
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::string group_id{};

    static const Schema kSchema;
};

struct AddOffsetsToTxnResponse {
    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;

    static const Schema kSchema;
};

}  // namespace kseg::protocol
