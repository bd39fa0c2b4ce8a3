// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/incremental_alter_configs.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using AlterableConfig = IncrementalAlterConfigsRequest::AlterableConfig;
constexpr auto kAlterableConfig = structure<AlterableConfig>(
    field<&AlterableConfig::name>("name", since(0)), field<&AlterableConfig::config_operation>("configOperation", since(0)),
    field<&AlterableConfig::value>("value", since(0)).nullable(since(0)));

using AlterConfigsResource = IncrementalAlterConfigsRequest::AlterConfigsResource;
constexpr auto kAlterConfigsResource =
    structure<AlterConfigsResource>(field<&AlterConfigsResource::resource_type>("resourceType", since(0)),
                                    field<&AlterConfigsResource::resource_name>("resourceName", since(0)),
                                    field<&AlterConfigsResource::configs>("configs", since(0), kAlterableConfig));

constexpr auto kRequest = structure<IncrementalAlterConfigsRequest>(
    field<&IncrementalAlterConfigsRequest::resources>("resources", since(0), kAlterConfigsResource),
    field<&IncrementalAlterConfigsRequest::validate_only>("validateOnly", since(0)));

using AlterConfigsResourceResponse = IncrementalAlterConfigsResponse::AlterConfigsResourceResponse;
constexpr auto kAlterConfigsResourceResponse = structure<AlterConfigsResourceResponse>(
    field<&AlterConfigsResourceResponse::error_code>("errorCode", since(0)),
    field<&AlterConfigsResourceResponse::error_message>("errorMessage", since(0)).nullable(since(0)),
    field<&AlterConfigsResourceResponse::resource_type>("resourceType", since(0)),
    field<&AlterConfigsResourceResponse::resource_name>("resourceName", since(0)));

constexpr auto kResponse = structure<IncrementalAlterConfigsResponse>(
    field<&IncrementalAlterConfigsResponse::throttle_time_ms>("throttleTimeMs", since(0)),
    field<&IncrementalAlterConfigsResponse::responses>("responses", since(0), kAlterConfigsResourceResponse));

}  // namespace

constinit const Schema IncrementalAlterConfigsRequest::kSchema =
    message("IncrementalAlterConfigsRequest", {0, 1}, since(1), kRequest);
constinit const Schema IncrementalAlterConfigsResponse::kSchema =
    message("IncrementalAlterConfigsResponse", {0, 1}, since(1), kResponse);

}  // namespace kseg::protocol
