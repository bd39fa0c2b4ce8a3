// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/join_group.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using JoinGroupRequestProtocol = JoinGroupRequest::JoinGroupRequestProtocol;
constexpr auto kJoinGroupRequestProtocol =
    structure<JoinGroupRequestProtocol>(field<&JoinGroupRequestProtocol::name>("name", since(0)),
                                        field<&JoinGroupRequestProtocol::metadata>("metadata", since(0)));

constexpr auto kRequest =
    structure<JoinGroupRequest>(field<&JoinGroupRequest::group_id>("groupId", since(0)),
                                field<&JoinGroupRequest::session_timeout_ms>("sessionTimeoutMs", since(0)),
                                field<&JoinGroupRequest::rebalance_timeout_ms>("rebalanceTimeoutMs", since(1)).ignorable(),
                                field<&JoinGroupRequest::member_id>("memberId", since(0)),
                                field<&JoinGroupRequest::group_instance_id>("groupInstanceId", since(5)).nullable(since(5)),
                                field<&JoinGroupRequest::protocol_type>("protocolType", since(0)),
                                field<&JoinGroupRequest::protocols>("protocols", since(0), kJoinGroupRequestProtocol),
                                field<&JoinGroupRequest::reason>("reason", since(8)).nullable(since(8)).ignorable());

using JoinGroupResponseMember = JoinGroupResponse::JoinGroupResponseMember;
constexpr auto kJoinGroupResponseMember = structure<JoinGroupResponseMember>(
    field<&JoinGroupResponseMember::member_id>("memberId", since(0)),
    field<&JoinGroupResponseMember::group_instance_id>("groupInstanceId", since(5)).nullable(since(5)).ignorable(),
    field<&JoinGroupResponseMember::metadata>("metadata", since(0)));

constexpr auto kResponse = structure<JoinGroupResponse>(
    field<&JoinGroupResponse::throttle_time_ms>("throttleTimeMs", since(2)).ignorable(),
    field<&JoinGroupResponse::error_code>("errorCode", since(0)),
    field<&JoinGroupResponse::generation_id>("generationId", since(0)),
    field<&JoinGroupResponse::protocol_type>("protocolType", since(7)).nullable(since(7)).ignorable(),
    field<&JoinGroupResponse::protocol_name>("protocolName", since(0)).nullable(since(7)),
    field<&JoinGroupResponse::leader>("leader", since(0)),
    field<&JoinGroupResponse::skip_assignment>("skipAssignment", since(9)),
    field<&JoinGroupResponse::member_id>("memberId", since(0)),
    field<&JoinGroupResponse::members>("members", since(0), kJoinGroupResponseMember));

}  // namespace

constinit const Schema JoinGroupRequest::kSchema = message("JoinGroupRequest", {0, 9}, since(6), kRequest);
constinit const Schema JoinGroupResponse::kSchema = message("JoinGroupResponse", {0, 9}, since(6), kResponse);

}  // namespace kseg::protocol
