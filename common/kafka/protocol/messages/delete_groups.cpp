// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/delete_groups.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest =
    structure<DeleteGroupsRequest>(field<&DeleteGroupsRequest::groups_names>("groupsNames", since(0)));

using DeletableGroupResult = DeleteGroupsResponse::DeletableGroupResult;
constexpr auto kDeletableGroupResult =
    structure<DeletableGroupResult>(field<&DeletableGroupResult::group_id>("groupId", since(0)),
                                    field<&DeletableGroupResult::error_code>("errorCode", since(0)));

constexpr auto kResponse =
    structure<DeleteGroupsResponse>(field<&DeleteGroupsResponse::throttle_time_ms>("throttleTimeMs", since(0)),
                                    field<&DeleteGroupsResponse::results>("results", since(0), kDeletableGroupResult));

}  // namespace

constinit const Schema DeleteGroupsRequest::kSchema = message("DeleteGroupsRequest", {0, 2}, since(2), kRequest);
constinit const Schema DeleteGroupsResponse::kSchema = message("DeleteGroupsResponse", {0, 2}, since(2), kResponse);

}  // namespace kseg::protocol
