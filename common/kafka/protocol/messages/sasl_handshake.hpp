// SPDX-License-Identifier: Apache-2.0
// SaslHandshake: which mechanism a connection will authenticate by.
// Source: Kafka's SaslHandshakeRequest and SaslHandshakeResponse schemas, 3.9 and 4.3.
#pragma once

#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct SaslHandshakeRequest {
    std::string mechanism{};

    static const Schema kSchema;
};

struct SaslHandshakeResponse {
    ErrorCode error_code = ErrorCode::none;
    std::vector<std::string> mechanisms{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
