// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/find_coordinator.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<FindCoordinatorRequest>(
    field<&FindCoordinatorRequest::key>("key", {0, 3}), field<&FindCoordinatorRequest::key_type>("keyType", since(1)),
    field<&FindCoordinatorRequest::coordinator_keys>("coordinatorKeys", since(4)));

using Coordinator = FindCoordinatorResponse::Coordinator;
constexpr auto kCoordinator =
    structure<Coordinator>(field<&Coordinator::key>("key", since(4)), field<&Coordinator::node_id>("nodeId", since(4)),
                           field<&Coordinator::host>("host", since(4)), field<&Coordinator::port>("port", since(4)),
                           field<&Coordinator::error_code>("errorCode", since(4)),
                           field<&Coordinator::error_message>("errorMessage", since(4)).nullable(since(4)).ignorable());

constexpr auto kResponse = structure<FindCoordinatorResponse>(
    field<&FindCoordinatorResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
    field<&FindCoordinatorResponse::error_code>("errorCode", {0, 3}),
    field<&FindCoordinatorResponse::error_message>("errorMessage", {1, 3}).nullable({1, 3}).ignorable(),
    field<&FindCoordinatorResponse::node_id>("nodeId", {0, 3}), field<&FindCoordinatorResponse::host>("host", {0, 3}),
    field<&FindCoordinatorResponse::port>("port", {0, 3}),
    field<&FindCoordinatorResponse::coordinators>("coordinators", since(4), kCoordinator));

}  // namespace

constinit const Schema FindCoordinatorRequest::kSchema = message("FindCoordinatorRequest", {0, 6}, since(3), kRequest);
constinit const Schema FindCoordinatorResponse::kSchema = message("FindCoordinatorResponse", {0, 6}, since(3), kResponse);

}  // namespace kseg::protocol
