// SPDX-License-Identifier: Apache-2.0
// DescribeCluster: the broker, which is the cluster. Source: KIP-700, KIP-919.
#include "kafka/protocol/messages/describe_cluster.hpp"
#include "broker/handlers/handlers.hpp"

namespace kseg::broker {
namespace {

constexpr std::int8_t kBrokers = 1;

}  // namespace

void serve_describe_cluster(Broker& broker) {
    broker.dispatcher().serve<protocol::DescribeClusterRequest>(
        protocol::ApiKey::describe_cluster, [&broker](const CallPtr& call, protocol::DescribeClusterRequest&& request) {
            protocol::DescribeClusterResponse response;
            response.error_message = std::nullopt;
            if (request.endpoint_type != kBrokers) {
                response.error_code = protocol::ErrorCode::mismatched_endpoint_type;
                response.error_message = "The request was sent to an endpoint of type BROKER";
                call->answer(response);
                return;
            }
            const Address& address = broker.settings().advertised;
            response.cluster_id = broker.identity().cluster_id;
            response.controller_id = broker.identity().node_id;
            response.brokers.push_back(
                {.broker_id = broker.identity().node_id, .host = address.host, .port = address.port, .rack = std::nullopt});
            if (request.include_cluster_authorized_operations) {
                response.cluster_authorized_operations = kClusterOperations;
            }
            call->answer(response);
        });
}

}  // namespace kseg::broker
