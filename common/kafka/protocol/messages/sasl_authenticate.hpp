// SPDX-License-Identifier: Apache-2.0
// SaslAuthenticate: one step of a mechanism's exchange.
// Source: Kafka's SaslAuthenticateRequest and SaslAuthenticateResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct SaslAuthenticateRequest {
    Blob auth_bytes{};

    static const Schema kSchema;
};

struct SaslAuthenticateResponse {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message{std::string{}};
    Blob auth_bytes{};
    std::int64_t session_lifetime_ms = 0;

    static const Schema kSchema;
};

}  // namespace kseg::protocol
