// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/heartbeat.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<HeartbeatRequest>(
    field<&HeartbeatRequest::group_id>("groupId", since(0)),
    field<&HeartbeatRequest::generation_id>("generationId", since(0)),
    field<&HeartbeatRequest::member_id>("memberId", since(0)),
    field<&HeartbeatRequest::group_instance_id>("groupInstanceId", since(3)).nullable(since(3)));

constexpr auto kResponse =
    structure<HeartbeatResponse>(field<&HeartbeatResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
                                 field<&HeartbeatResponse::error_code>("errorCode", since(0)));

}  // namespace

constinit const Schema HeartbeatRequest::kSchema = message("HeartbeatRequest", {0, 4}, since(4), kRequest);
constinit const Schema HeartbeatResponse::kSchema = message("HeartbeatResponse", {0, 4}, since(4), kResponse);

}  // namespace kseg::protocol
