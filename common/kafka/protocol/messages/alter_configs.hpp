// SPDX-License-Identifier: Apache-2.0
// AlterConfigs: all settings of a resource to be replaced.
// Source: Kafka's AlterConfigsRequest and AlterConfigsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct AlterConfigsRequest {
    struct AlterableConfig {
        std::string name{};
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

struct AlterConfigsResponse {
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
