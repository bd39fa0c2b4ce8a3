// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/sync_group.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using SyncGroupRequestAssignment = SyncGroupRequest::SyncGroupRequestAssignment;
constexpr auto kSyncGroupRequestAssignment =
    structure<SyncGroupRequestAssignment>(field<&SyncGroupRequestAssignment::member_id>("memberId", since(0)),
                                          field<&SyncGroupRequestAssignment::assignment>("assignment", since(0)));

constexpr auto kRequest = structure<SyncGroupRequest>(
    field<&SyncGroupRequest::group_id>("groupId", since(0)),
    field<&SyncGroupRequest::generation_id>("generationId", since(0)),
    field<&SyncGroupRequest::member_id>("memberId", since(0)),
    field<&SyncGroupRequest::group_instance_id>("groupInstanceId", since(3)).nullable(since(3)),
    field<&SyncGroupRequest::protocol_type>("protocolType", since(5)).nullable(since(5)).ignorable(),
    field<&SyncGroupRequest::protocol_name>("protocolName", since(5)).nullable(since(5)).ignorable(),
    field<&SyncGroupRequest::assignments>("assignments", since(0), kSyncGroupRequestAssignment));

constexpr auto kResponse = structure<SyncGroupResponse>(
    field<&SyncGroupResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
    field<&SyncGroupResponse::error_code>("errorCode", since(0)),
    field<&SyncGroupResponse::protocol_type>("protocolType", since(5)).nullable(since(5)).ignorable(),
    field<&SyncGroupResponse::protocol_name>("protocolName", since(5)).nullable(since(5)).ignorable(),
    field<&SyncGroupResponse::assignment>("assignment", since(0)));

}  // namespace

constinit const Schema SyncGroupRequest::kSchema = message("SyncGroupRequest", {0, 5}, since(4), kRequest);
constinit const Schema SyncGroupResponse::kSchema = message("SyncGroupResponse", {0, 5}, since(4), kResponse);

}  // namespace kseg::protocol
