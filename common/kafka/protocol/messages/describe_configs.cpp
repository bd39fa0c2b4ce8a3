// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/describe_configs.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using DescribeConfigsResource = DescribeConfigsRequest::DescribeConfigsResource;
constexpr auto kDescribeConfigsResource = structure<DescribeConfigsResource>(
    field<&DescribeConfigsResource::resource_type>("resourceType", since(0)),
    field<&DescribeConfigsResource::resource_name>("resourceName", since(0)),
    field<&DescribeConfigsResource::configuration_keys>("configurationKeys", since(0)).nullable(since(0)));

constexpr auto kRequest = structure<DescribeConfigsRequest>(
    field<&DescribeConfigsRequest::resources>("resources", since(0), kDescribeConfigsResource),
    field<&DescribeConfigsRequest::include_synonyms>("includeSynonyms", since(1)),
    field<&DescribeConfigsRequest::include_documentation>("includeDocumentation", since(3)));

using DescribeConfigsSynonym = DescribeConfigsResponse::DescribeConfigsSynonym;
constexpr auto kDescribeConfigsSynonym =
    structure<DescribeConfigsSynonym>(field<&DescribeConfigsSynonym::name>("name", since(1)),
                                      field<&DescribeConfigsSynonym::value>("value", since(1)).nullable(since(0)),
                                      field<&DescribeConfigsSynonym::source>("source", since(1)));

using DescribeConfigsResourceResult = DescribeConfigsResponse::DescribeConfigsResourceResult;
constexpr auto kDescribeConfigsResourceResult = structure<DescribeConfigsResourceResult>(
    field<&DescribeConfigsResourceResult::name>("name", since(0)),
    field<&DescribeConfigsResourceResult::value>("value", since(0)).nullable(since(0)),
    field<&DescribeConfigsResourceResult::read_only>("readOnly", since(0)),
    field<&DescribeConfigsResourceResult::is_default>("isDefault", {0, 0}),
    field<&DescribeConfigsResourceResult::config_source>("configSource", since(1)).ignorable(),
    field<&DescribeConfigsResourceResult::is_sensitive>("isSensitive", since(0)),
    field<&DescribeConfigsResourceResult::synonyms>("synonyms", since(1), kDescribeConfigsSynonym).ignorable(),
    field<&DescribeConfigsResourceResult::config_type>("configType", since(3)).ignorable(),
    field<&DescribeConfigsResourceResult::documentation>("documentation", since(3)).nullable(since(0)).ignorable());

using DescribeConfigsResult = DescribeConfigsResponse::DescribeConfigsResult;
constexpr auto kDescribeConfigsResult = structure<DescribeConfigsResult>(
    field<&DescribeConfigsResult::error_code>("errorCode", since(0)),
    field<&DescribeConfigsResult::error_message>("errorMessage", since(0)).nullable(since(0)),
    field<&DescribeConfigsResult::resource_type>("resourceType", since(0)),
    field<&DescribeConfigsResult::resource_name>("resourceName", since(0)),
    field<&DescribeConfigsResult::configs>("configs", since(0), kDescribeConfigsResourceResult));

constexpr auto kResponse = structure<DescribeConfigsResponse>(
    field<&DescribeConfigsResponse::throttle_time_ms>("throttleTimeMs", since(0)),
    field<&DescribeConfigsResponse::results>("results", since(0), kDescribeConfigsResult));

}  // namespace

constinit const Schema DescribeConfigsRequest::kSchema = message("DescribeConfigsRequest", {0, 4}, since(4), kRequest);
constinit const Schema DescribeConfigsResponse::kSchema = message("DescribeConfigsResponse", {0, 4}, since(4), kResponse);

}  // namespace kseg::protocol
