// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/list_groups.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<ListGroupsRequest>(field<&ListGroupsRequest::states_filter>("statesFilter", since(4)),
                                                       field<&ListGroupsRequest::types_filter>("typesFilter", since(5)));

using ListedGroup = ListGroupsResponse::ListedGroup;
constexpr auto kListedGroup = structure<ListedGroup>(field<&ListedGroup::group_id>("groupId", since(0)),
                                                     field<&ListedGroup::protocol_type>("protocolType", since(0)),
                                                     field<&ListedGroup::group_state>("groupState", since(4)).ignorable(),
                                                     field<&ListedGroup::group_type>("groupType", since(5)).ignorable());

constexpr auto kResponse =
    structure<ListGroupsResponse>(field<&ListGroupsResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
                                  field<&ListGroupsResponse::error_code>("errorCode", since(0)),
                                  field<&ListGroupsResponse::groups>("groups", since(0), kListedGroup));

}  // namespace

constinit const Schema ListGroupsRequest::kSchema = message("ListGroupsRequest", {0, 5}, since(3), kRequest);
constinit const Schema ListGroupsResponse::kSchema = message("ListGroupsResponse", {0, 5}, since(3), kResponse);

}  // namespace kseg::protocol
