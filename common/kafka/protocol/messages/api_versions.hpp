// SPDX-License-Identifier: Apache-2.0
// ApiVersions: which APIs and versions a broker serves.
// Source: Kafka's ApiVersionsRequest and ApiVersionsResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct ApiVersionsRequest {
    std::string client_software_name{};
    std::string client_software_version{};

    static const Schema kSchema;
};

struct ApiVersionsResponse {
    struct ApiVersion {
        std::int16_t api_key = 0;
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;
    };

    struct SupportedFeatureKey {
        std::string name{};
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;
    };

    struct FinalizedFeatureKey {
        std::string name{};
        std::int16_t max_version_level = 0;
        std::int16_t min_version_level = 0;
    };

    ErrorCode error_code = ErrorCode::none;
    std::vector<ApiVersion> api_keys{};
    std::int32_t throttle_time_ms = 0;
    std::vector<SupportedFeatureKey> supported_features{};
    std::int64_t finalized_features_epoch = -1;
    std::vector<FinalizedFeatureKey> finalized_features{};
    bool zk_migration_ready = false;

    static const Schema kSchema;
};

}  // namespace kseg::protocol
