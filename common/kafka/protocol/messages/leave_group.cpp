// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/leave_group.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using MemberIdentity = LeaveGroupRequest::MemberIdentity;
constexpr auto kMemberIdentity =
    structure<MemberIdentity>(field<&MemberIdentity::member_id>("memberId", since(3)),
                              field<&MemberIdentity::group_instance_id>("groupInstanceId", since(3)).nullable(since(3)),
                              field<&MemberIdentity::reason>("reason", since(5)).nullable(since(5)).ignorable());

constexpr auto kRequest = structure<LeaveGroupRequest>(
    field<&LeaveGroupRequest::group_id>("groupId", since(0)), field<&LeaveGroupRequest::member_id>("memberId", {0, 2}),
    field<&LeaveGroupRequest::members>("members", since(3), kMemberIdentity));

using MemberResponse = LeaveGroupResponse::MemberResponse;
constexpr auto kMemberResponse =
    structure<MemberResponse>(field<&MemberResponse::member_id>("memberId", since(3)),
                              field<&MemberResponse::group_instance_id>("groupInstanceId", since(3)).nullable(since(3)),
                              field<&MemberResponse::error_code>("errorCode", since(3)));

constexpr auto kResponse =
    structure<LeaveGroupResponse>(field<&LeaveGroupResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
                                  field<&LeaveGroupResponse::error_code>("errorCode", since(0)),
                                  field<&LeaveGroupResponse::members>("members", since(3), kMemberResponse));

}  // namespace

constinit const Schema LeaveGroupRequest::kSchema = message("LeaveGroupRequest", {0, 5}, since(4), kRequest);
constinit const Schema LeaveGroupResponse::kSchema = message("LeaveGroupResponse", {0, 5}, since(4), kResponse);

}  // namespace kseg::protocol
