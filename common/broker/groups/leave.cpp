// SPDX-License-Identifier: Apache-2.0
// LeaveGroup. Source: GroupMetadataManager of Kafka 4's group coordinator, KIP-345.
#include <algorithm>
#include <utility>

#include "broker/groups/coordinator.hpp"

namespace kseg::broker {

using protocol::ErrorCode;
using protocol::LeaveGroupResponse;

void GroupCoordinator::leave(const protocol::LeaveGroupRequest& request, Answer<LeaveGroupResponse> answer) {
    LeaveGroupResponse response;
    if (request.group_id.empty()) {
        response.error_code = ErrorCode::invalid_group_id;
        answer(std::move(response));
        return;
    }
    Group* group = find(request.group_id);
    for (const auto& identity : request.members) {
        const ErrorCode error = group == nullptr ? ErrorCode::unknown_member_id : leave_one(*group, identity);
        response.members.push_back({identity.member_id, identity.group_instance_id, error});
    }
    const bool has_left = std::any_of(response.members.begin(), response.members.end(),
                                      [](const auto& each) { return each.error_code == ErrorCode::none; });
    if (group != nullptr && has_left) {
        if (group->is_in(GroupState::stable) || group->is_in(GroupState::completing_rebalance)) {
            prepare_rebalance(*group);
        } else {
            complete_join_if_all_joined(*group);
        }
    }
    journal_.when_durable(
        [answer = std::move(answer), response = std::move(response)](const Result<void>&) { answer(response); });
}

ErrorCode GroupCoordinator::leave_one(Group& group, const protocol::LeaveGroupRequest::MemberIdentity& identity) {
    if (identity.member_id.empty()) {
        // An administrator removes a static member by its instance.
        const Member* member = identity.group_instance_id ? group.find_instance(*identity.group_instance_id) : nullptr;
        if (member == nullptr) {
            return ErrorCode::unknown_member_id;
        }
        drop_member(group, std::string(member->id));
        return ErrorCode::none;
    }
    if (!group.pending_joins.contains(identity.member_id)) {
        const ErrorCode error = group.check_member(identity.member_id, identity.group_instance_id);
        if (error != ErrorCode::none) {
            return error;
        }
    }
    drop_member(group, identity.member_id);
    return ErrorCode::none;
}

}  // namespace kseg::broker
