// SPDX-License-Identifier: Apache-2.0
// EndTxn: commit or abort.
// Source: Kafka's EndTxnRequest and EndTxnResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct EndTxnRequest {
    std::string transactional_id{};
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool committed = false;

    static const Schema kSchema;
};

struct EndTxnResponse {
    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;

    static const Schema kSchema;
};

}  // namespace kseg::protocol
