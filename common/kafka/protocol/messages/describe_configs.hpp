// SPDX-License-Identifier: Apache-2.0
// DescribeConfigs: settings and where they come from.
// Source: Kafka's DescribeConfigsRequest and DescribeConfigsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct DescribeConfigsRequest {
    struct DescribeConfigsResource {
        std::int8_t resource_type = 0;
        std::string resource_name{};
        std::optional<std::vector<std::string>> configuration_keys{std::vector<std::string>{}};
    };

    std::vector<DescribeConfigsResource> resources{};
    bool include_synonyms = false;
    bool include_documentation = false;

    static const Schema kSchema;
};

struct DescribeConfigsResponse {
    struct DescribeConfigsSynonym {
        std::string name{};
        std::optional<std::string> value{std::string{}};
        std::int8_t source = 0;
    };

    struct DescribeConfigsResourceResult {
        std::string name{};
        std::optional<std::string> value{std::string{}};
        bool read_only = false;
        bool is_default = false;
        std::int8_t config_source = -1;
        bool is_sensitive = false;
        std::vector<DescribeConfigsSynonym> synonyms{};
        std::int8_t config_type = 0;
        std::optional<std::string> documentation{std::string{}};
    };

    struct DescribeConfigsResult {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message{std::string{}};
        std::int8_t resource_type = 0;
        std::string resource_name{};
        std::vector<DescribeConfigsResourceResult> configs{};
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribeConfigsResult> results{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
