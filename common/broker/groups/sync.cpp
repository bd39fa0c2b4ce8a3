// SPDX-License-Identifier: Apache-2.0
// SyncGroup and Heartbeat. Source: GroupMetadataManager of Kafka 4's group coordinator, KIP-559.
#include <utility>

#include "broker/groups/coordinator.hpp"

namespace kseg::broker {

using protocol::ErrorCode;
using protocol::SyncGroupResponse;

namespace {

/// From this version on a member says which protocol it thinks was chosen.
constexpr protocol::Version kNamedProtocolVersion = 5;

SyncGroupResponse failed(ErrorCode error) {
    SyncGroupResponse response;
    response.error_code = error;
    return response;
}

bool differ(const std::optional<std::string>& said, const std::optional<std::string>& chosen) {
    return said && chosen && *said != *chosen;
}

ErrorCode check_sync(const Group& group, const protocol::SyncGroupRequest& request) {
    if (const ErrorCode error = group.check_member(request.member_id, request.group_instance_id);
        error != ErrorCode::none) {
        return error;
    }
    if (request.generation_id != group.generation()) {
        return ErrorCode::illegal_generation;
    }
    if (differ(request.protocol_type, group.protocol_type()) || differ(request.protocol_name, group.protocol_name())) {
        return ErrorCode::inconsistent_group_protocol;
    }
    return group.is_in(GroupState::preparing_rebalance) ? ErrorCode::rebalance_in_progress : ErrorCode::none;
}

}  // namespace

ErrorCode error_of_append(const Error& error) {
    return error.code == Errc::too_large ? ErrorCode::unknown_server_error : ErrorCode::not_coordinator;
}

void GroupCoordinator::sync(const Caller& caller, protocol::SyncGroupRequest request, Answer<SyncGroupResponse> answer) {
    if (caller.version >= kNamedProtocolVersion && (!request.protocol_type || !request.protocol_name)) {
        answer(failed(ErrorCode::inconsistent_group_protocol));
        return;
    }
    if (request.group_id.empty()) {
        answer(failed(ErrorCode::invalid_group_id));
        return;
    }
    Group* group = find(request.group_id);
    if (group == nullptr || group->is_in(GroupState::empty)) {
        answer(failed(ErrorCode::unknown_member_id));
        return;
    }
    if (const ErrorCode error = check_sync(*group, request); error != ErrorCode::none) {
        answer(failed(error));
        return;
    }
    Member& member = *group->find_member(request.member_id);
    group->pending_syncs.erase(request.member_id);
    if (group->pending_syncs.empty()) {
        timers_->cancel(std::exchange(group->sync_timer, 0));
    }
    if (group->is_in(GroupState::stable)) {
        SyncGroupResponse response;
        response.protocol_type = group->protocol_type();
        response.protocol_name = group->protocol_name();
        response.assignment = member.assignment;
        answer(std::move(response));
        return;
    }
    if (const auto displaced = std::exchange(member.sync_reply, std::move(answer)); displaced) {
        // Asked twice, most likely over a new connection. Whoever still reads the old one shall join again.
        displaced(failed(ErrorCode::rebalance_in_progress));
    }
    if (group->is_leader(request.member_id)) {
        take_assignments(*group, request.assignments);
    }
}

void GroupCoordinator::take_assignments(Group& group,
                                        const std::vector<protocol::SyncGroupRequest::SyncGroupRequestAssignment>& given) {
    Assignments assignments;
    for (const auto& each : given) {
        if (group.find_member(each.member_id) != nullptr) {
            assignments.insert_or_assign(each.member_id, each.assignment);
        }
    }
    const std::int32_t generation = group.generation();
    append_group(group, assignments, [this, generation, assignments](Group& later, ErrorCode error) {
        // A member may have joined while the record was on its way.
        if (!later.is_in(GroupState::completing_rebalance) || later.generation() != generation) {
            return;
        }
        if (error != ErrorCode::none) {
            abandon_assignments(later, error);
            rebalance_or_complete(later);
            return;
        }
        for (auto& [id, member] : later.members()) {
            const auto assigned = assignments.find(id);
            member.assignment = assigned == assignments.end() ? protocol::Blob{} : assigned->second;
        }
        propagate_assignments(later, ErrorCode::none);
        later.change_state(GroupState::stable, clock_->now());
    });
}

void GroupCoordinator::append_group(Group& group, const Assignments& assignments,
                                    std::function<void(Group&, ErrorCode)> done) {
    auto record = group_record(group, assignments);
    if (!record) {
        if (done) {
            done(group, error_of_append(record.error()));
        }
        return;
    }
    OffsetsBatch batch;
    batch.records.push_back(*std::move(record));
    journal_.append(group.id(), std::move(batch), nullptr,
                    [this, key = key_of(group), done = std::move(done)](const Result<void>& result) {
                        Group* later = find(key);
                        if (later != nullptr && done) {
                            done(*later, result ? ErrorCode::none : error_of_append(result.error()));
                        }
                    });
}

protocol::HeartbeatResponse GroupCoordinator::heartbeat(const protocol::HeartbeatRequest& request) {
    protocol::HeartbeatResponse response;
    if (request.group_id.empty()) {
        response.error_code = ErrorCode::invalid_group_id;
        return response;
    }
    Group* group = find(request.group_id);
    if (group == nullptr) {
        response.error_code = ErrorCode::unknown_member_id;
        return response;
    }
    response.error_code = group->check_member(request.member_id, request.group_instance_id);
    if (response.error_code != ErrorCode::none) {
        return response;
    }
    if (request.generation_id != group->generation()) {
        response.error_code = ErrorCode::illegal_generation;
        return response;
    }
    extend_session(*group, *group->find_member(request.member_id));
    if (group->is_in(GroupState::preparing_rebalance)) {
        response.error_code = ErrorCode::rebalance_in_progress;
    }
    return response;
}

}  // namespace kseg::broker
