// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/alter_configs.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using AlterableConfig = AlterConfigsRequest::AlterableConfig;
constexpr auto kAlterableConfig = structure<AlterableConfig>(
    field<&AlterableConfig::name>("name", since(0)), field<&AlterableConfig::value>("value", since(0)).nullable(since(0)));

using AlterConfigsResource = AlterConfigsRequest::AlterConfigsResource;
constexpr auto kAlterConfigsResource =
    structure<AlterConfigsResource>(field<&AlterConfigsResource::resource_type>("resourceType", since(0)),
                                    field<&AlterConfigsResource::resource_name>("resourceName", since(0)),
                                    field<&AlterConfigsResource::configs>("configs", since(0), kAlterableConfig));

constexpr auto kRequest =
    structure<AlterConfigsRequest>(field<&AlterConfigsRequest::resources>("resources", since(0), kAlterConfigsResource),
                                   field<&AlterConfigsRequest::validate_only>("validateOnly", since(0)));

using AlterConfigsResourceResponse = AlterConfigsResponse::AlterConfigsResourceResponse;
constexpr auto kAlterConfigsResourceResponse = structure<AlterConfigsResourceResponse>(
    field<&AlterConfigsResourceResponse::error_code>("errorCode", since(0)),
    field<&AlterConfigsResourceResponse::error_message>("errorMessage", since(0)).nullable(since(0)),
    field<&AlterConfigsResourceResponse::resource_type>("resourceType", since(0)),
    field<&AlterConfigsResourceResponse::resource_name>("resourceName", since(0)));

constexpr auto kResponse = structure<AlterConfigsResponse>(
    field<&AlterConfigsResponse::throttle_time_ms>("throttleTimeMs", since(0)),
    field<&AlterConfigsResponse::responses>("responses", since(0), kAlterConfigsResourceResponse));

}  // namespace

constinit const Schema AlterConfigsRequest::kSchema = message("AlterConfigsRequest", {0, 2}, since(2), kRequest);
constinit const Schema AlterConfigsResponse::kSchema = message("AlterConfigsResponse", {0, 2}, since(2), kResponse);

}  // namespace kseg::protocol
