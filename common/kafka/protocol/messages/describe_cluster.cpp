// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/describe_cluster.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<DescribeClusterRequest>(
    field<&DescribeClusterRequest::include_cluster_authorized_operations>("includeClusterAuthorizedOperations", since(0)),
    field<&DescribeClusterRequest::endpoint_type>("endpointType", since(1)),
    field<&DescribeClusterRequest::include_fenced_brokers>("includeFencedBrokers", since(2)));

using DescribeClusterBroker = DescribeClusterResponse::DescribeClusterBroker;
constexpr auto kDescribeClusterBroker = structure<DescribeClusterBroker>(
    field<&DescribeClusterBroker::broker_id>("brokerId", since(0)), field<&DescribeClusterBroker::host>("host", since(0)),
    field<&DescribeClusterBroker::port>("port", since(0)),
    field<&DescribeClusterBroker::rack>("rack", since(0)).nullable(since(0)),
    field<&DescribeClusterBroker::is_fenced>("isFenced", since(2)));

constexpr auto kResponse = structure<DescribeClusterResponse>(
    field<&DescribeClusterResponse::throttle_time_ms>("throttleTimeMs", since(0)),
    field<&DescribeClusterResponse::error_code>("errorCode", since(0)),
    field<&DescribeClusterResponse::error_message>("errorMessage", since(0)).nullable(since(0)),
    field<&DescribeClusterResponse::endpoint_type>("endpointType", since(1)),
    field<&DescribeClusterResponse::cluster_id>("clusterId", since(0)),
    field<&DescribeClusterResponse::controller_id>("controllerId", since(0)),
    field<&DescribeClusterResponse::brokers>("brokers", since(0), kDescribeClusterBroker),
    field<&DescribeClusterResponse::cluster_authorized_operations>("clusterAuthorizedOperations", since(0)));

}  // namespace

constinit const Schema DescribeClusterRequest::kSchema = message("DescribeClusterRequest", {0, 2}, since(0), kRequest);
constinit const Schema DescribeClusterResponse::kSchema = message("DescribeClusterResponse", {0, 2}, since(0), kResponse);

}  // namespace kseg::protocol
