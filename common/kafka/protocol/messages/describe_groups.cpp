// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/describe_groups.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<DescribeGroupsRequest>(
    field<&DescribeGroupsRequest::groups>("groups", since(0)),
    field<&DescribeGroupsRequest::include_authorized_operations>("includeAuthorizedOperations", since(3)));

using DescribedGroupMember = DescribeGroupsResponse::DescribedGroupMember;
constexpr auto kDescribedGroupMember = structure<DescribedGroupMember>(
    field<&DescribedGroupMember::member_id>("memberId", since(0)),
    field<&DescribedGroupMember::group_instance_id>("groupInstanceId", since(4)).nullable(since(4)).ignorable(),
    field<&DescribedGroupMember::client_id>("clientId", since(0)),
    field<&DescribedGroupMember::client_host>("clientHost", since(0)),
    field<&DescribedGroupMember::member_metadata>("memberMetadata", since(0)),
    field<&DescribedGroupMember::member_assignment>("memberAssignment", since(0)));

using DescribedGroup = DescribeGroupsResponse::DescribedGroup;
constexpr auto kDescribedGroup = structure<DescribedGroup>(
    field<&DescribedGroup::error_code>("errorCode", since(0)),
    field<&DescribedGroup::error_message>("errorMessage", since(6)).nullable(since(6)),
    field<&DescribedGroup::group_id>("groupId", since(0)), field<&DescribedGroup::group_state>("groupState", since(0)),
    field<&DescribedGroup::protocol_type>("protocolType", since(0)),
    field<&DescribedGroup::protocol_data>("protocolData", since(0)),
    field<&DescribedGroup::members>("members", since(0), kDescribedGroupMember),
    field<&DescribedGroup::authorized_operations>("authorizedOperations", since(3)));

constexpr auto kResponse = structure<DescribeGroupsResponse>(
    field<&DescribeGroupsResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
    field<&DescribeGroupsResponse::groups>("groups", since(0), kDescribedGroup));

}  // namespace

constinit const Schema DescribeGroupsRequest::kSchema = message("DescribeGroupsRequest", {0, 6}, since(5), kRequest);
constinit const Schema DescribeGroupsResponse::kSchema = message("DescribeGroupsResponse", {0, 6}, since(5), kResponse);

}  // namespace kseg::protocol
