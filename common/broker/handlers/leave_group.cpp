// SPDX-License-Identifier: Apache-2.0
// LeaveGroup: see groups/leave.cpp. Old versions are of one member.
#include "kafka/protocol/messages/leave_group.hpp"

#include <utility>

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

namespace {

constexpr protocol::Version kFirstWithSeveral = 3;

void answer_for_one(const Call& call, protocol::LeaveGroupResponse response) {
    if (response.error_code == protocol::ErrorCode::none && !response.members.empty()) {
        response.error_code = response.members.front().error_code;
    }
    response.members.clear();
    call.answer(response);
}

}  // namespace

void serve_leave_group(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<protocol::LeaveGroupRequest>(
        protocol::ApiKey::leave_group, [&groups](const CallPtr& call, protocol::LeaveGroupRequest&& request) {
            if (call->version() >= kFirstWithSeveral) {
                groups.leave(request, answer_to<protocol::LeaveGroupResponse>(call));
                return;
            }
            request.members.push_back({std::move(request.member_id), std::nullopt, std::nullopt});
            groups.leave(request,
                         [call](protocol::LeaveGroupResponse response) { answer_for_one(*call, std::move(response)); });
        });
}

}  // namespace kseg::broker
