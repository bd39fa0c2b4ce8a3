// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/api_versions.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<ApiVersionsRequest>(
    field<&ApiVersionsRequest::client_software_name>("clientSoftwareName", since(3)).ignorable(),
    field<&ApiVersionsRequest::client_software_version>("clientSoftwareVersion", since(3)).ignorable());

using ApiVersion = ApiVersionsResponse::ApiVersion;
constexpr auto kApiVersion = structure<ApiVersion>(field<&ApiVersion::api_key>("apiKey", since(0)),
                                                   field<&ApiVersion::min_version>("minVersion", since(0)),
                                                   field<&ApiVersion::max_version>("maxVersion", since(0)));

using SupportedFeatureKey = ApiVersionsResponse::SupportedFeatureKey;
constexpr auto kSupportedFeatureKey = structure<SupportedFeatureKey>(
    field<&SupportedFeatureKey::name>("name", since(3)), field<&SupportedFeatureKey::min_version>("minVersion", since(3)),
    field<&SupportedFeatureKey::max_version>("maxVersion", since(3)));

using FinalizedFeatureKey = ApiVersionsResponse::FinalizedFeatureKey;
constexpr auto kFinalizedFeatureKey =
    structure<FinalizedFeatureKey>(field<&FinalizedFeatureKey::name>("name", since(3)),
                                   field<&FinalizedFeatureKey::max_version_level>("maxVersionLevel", since(3)),
                                   field<&FinalizedFeatureKey::min_version_level>("minVersionLevel", since(3)));

constexpr auto kResponse = structure<ApiVersionsResponse>(
    field<&ApiVersionsResponse::error_code>("errorCode", since(0)),
    field<&ApiVersionsResponse::api_keys>("apiKeys", since(0), kApiVersion),
    field<&ApiVersionsResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
    field<&ApiVersionsResponse::supported_features>("supportedFeatures", since(3), kSupportedFeatureKey)
        .tagged(0, since(3))
        .ignorable(),
    field<&ApiVersionsResponse::finalized_features_epoch>("finalizedFeaturesEpoch", since(3))
        .tagged(1, since(3))
        .ignorable(),
    field<&ApiVersionsResponse::finalized_features>("finalizedFeatures", since(3), kFinalizedFeatureKey)
        .tagged(2, since(3))
        .ignorable(),
    field<&ApiVersionsResponse::zk_migration_ready>("zkMigrationReady", since(3)).tagged(3, since(3)).ignorable());

}  // namespace

constinit const Schema ApiVersionsRequest::kSchema = message("ApiVersionsRequest", {0, 4}, since(3), kRequest);
constinit const Schema ApiVersionsResponse::kSchema = message("ApiVersionsResponse", {0, 4}, since(3), kResponse);

}  // namespace kseg::protocol
