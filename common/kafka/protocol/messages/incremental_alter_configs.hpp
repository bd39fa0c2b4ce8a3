// SPDX-License-Identifier: Apache-2.0
// IncrementalAlterConfigs: single settings to be changed.
// Source: Kafka's IncrementalAlterConfigsRequest and IncrementalAlterConfigsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct IncrementalAlterConfigsRequest {
    struct AlterableConfig {
        std::string name{};
        std::int8_t config_operation = 0;
        std::optional<std::string> value{std::string{}};
    };

    struct AlterConfigsResource {
        std::int8_t resource_type = 0;
        std::string resource_name{};
        std::vector<AlterableConfig> configs{};
    };

    std::vector<AlterConfigsResource> resources{};
    bool validate_only = false;

    static const Schema kSchema;
};

struct IncrementalAlterConfigsResponse {
    struct AlterConfigsResourceResponse {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message{std::string{}};
        std::int8_t resource_type = 0;
        std::string resource_name{};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<AlterConfigsResourceResponse> responses{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
