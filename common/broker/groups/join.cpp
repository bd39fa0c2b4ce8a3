// SPDX-License-Identifier: Apache-2.0
// JoinGroup. Source: GroupMetadataManager of Kafka 4's group coordinator; KIP-345, KIP-394, KIP-814.
#include <utility>

#include "broker/groups/coordinator.hpp"

namespace kseg::broker {

using protocol::ErrorCode;
using protocol::JoinGroupResponse;

namespace {

/// From this version on a new member is given an id first and joins with it, so that a lost answer leaves no member behind.
constexpr protocol::Version kIdFirstVersion = 4;
/// From this version on a leader can be told that the assignments stay as they are.
constexpr protocol::Version kSkipAssignmentVersion = 9;
/// Of a client's or an instance's name in an id, which has to fit a string.
constexpr std::size_t kMaxIdPrefixBytes = 1'000;

JoinGroupResponse refusal(std::string_view member_id, ErrorCode error) {
    JoinGroupResponse response;
    response.error_code = error;
    response.member_id = member_id;
    response.protocol_name = std::nullopt;
    return response;
}

/// The current generation, as one member is told of it.
JoinGroupResponse current(const Group& group, const Member& member) {
    JoinGroupResponse response;
    response.generation_id = group.generation();
    response.protocol_type = group.protocol_type();
    response.protocol_name = group.protocol_name();
    response.leader = group.leader().value_or("");
    response.member_id = member.id;
    return response;
}

}  // namespace

void GroupCoordinator::join(const Caller& caller, protocol::JoinGroupRequest request, Answer<JoinGroupResponse> answer) {
    if (request.group_id.empty()) {
        answer(refusal(request.member_id, ErrorCode::invalid_group_id));
        return;
    }
    if (request.session_timeout_ms < settings_.min_session_timeout_ms ||
        request.session_timeout_ms > settings_.max_session_timeout_ms) {
        answer(refusal(request.member_id, ErrorCode::invalid_session_timeout));
        return;
    }
    if (const std::uint64_t bytes = bytes_of(request.protocols);
        bytes > settings_.max_member_bytes || member_bytes_ + bytes > settings_.max_all_member_bytes) {
        answer(refusal(request.member_id, ErrorCode::invalid_request));
        return;
    }
    if (caller.version == 0) {
        request.rebalance_timeout_ms = request.session_timeout_ms;
    }
    Group* group = find(request.group_id);
    if (group == nullptr && !request.member_id.empty()) {
        answer(refusal(request.member_id, ErrorCode::unknown_member_id));
        return;
    }
    if (group == nullptr) {
        if (request.protocol_type.empty() || request.protocols.empty()) {
            answer(refusal("", ErrorCode::inconsistent_group_protocol));
            return;
        }
        group = &create(request.group_id);
    }
    if (!accepts(*group, request.member_id)) {
        drop_member(*group, request.member_id);
        answer(refusal("", ErrorCode::group_max_size_reached));
        return;
    }
    if (!group->supports(request.protocol_type, request.protocols)) {
        answer(refusal(request.member_id, ErrorCode::inconsistent_group_protocol));
        return;
    }
    const bool is_new = request.member_id.empty();
    JoinCall call{caller, std::move(request), std::move(answer)};
    if (is_new) {
        join_new(*group, std::move(call));
    } else {
        join_known(*group, std::move(call));
    }
}

bool GroupCoordinator::accepts(Group& group, std::string_view member_id) const {
    const Member* member = group.find_member(member_id);
    switch (group.state()) {
        case GroupState::empty: return true;
        case GroupState::preparing_rebalance:
            // Those who have joined this round count: a group that was larger before a limit was set shrinks to it.
            return (member != nullptr && member->awaits_join()) || group.waiting_joins() < settings_.max_members;
        case GroupState::completing_rebalance:
        case GroupState::stable: return member != nullptr || group.members().size() < settings_.max_members;
    }
    return false;
}

std::string GroupCoordinator::make_member_id(std::string_view prefix) const {
    const protocol::Uuid uuid = make_uuid_();
    std::string id(prefix.substr(0, kMaxIdPrefixBytes));
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
        if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) {
            id += '-';
        }
        constexpr std::string_view kDigits = "0123456789abcdef";
        id += kDigits[to_u8(uuid.bytes[i]) >> 4U];
        id += kDigits[to_u8(uuid.bytes[i]) & 0xfU];
    }
    return id;
}

void GroupCoordinator::join_new(Group& group, JoinCall call) {
    if (call.request.group_instance_id) {
        std::string new_id = make_member_id(*call.request.group_instance_id);
        if (const Member* there = group.find_instance(*call.request.group_instance_id); there != nullptr) {
            const std::string old_id = there->id;
            replace_static(group, old_id, std::move(new_id), std::move(call));
        } else {
            add_member(group, std::move(new_id), std::move(call));
        }
        return;
    }
    std::string new_id = make_member_id(call.caller.client_id);
    if (call.caller.version < kIdFirstVersion) {
        add_member(group, std::move(new_id), std::move(call));
        return;
    }
    if (pending_joins_ >= settings_.max_pending_joins) {
        call.answer(refusal("", ErrorCode::coordinator_not_available));
        return;
    }
    ++pending_joins_;
    group.pending_joins[new_id] =
        set_timer(group, call.request.session_timeout_ms, [this, new_id](Group& later) { expire_session(later, new_id); });
    call.answer(refusal(new_id, ErrorCode::member_id_required));
}

void GroupCoordinator::join_known(Group& group, JoinCall call) {
    const std::string member_id = call.request.member_id;
    if (group.pending_joins.contains(member_id)) {
        if (call.request.group_instance_id) {
            // Ids are given out to dynamic members only.
            call.answer(refusal(member_id, ErrorCode::unknown_server_error));
            return;
        }
        add_member(group, member_id, std::move(call));
        return;
    }
    if (const ErrorCode error = group.check_member(member_id, call.request.group_instance_id); error != ErrorCode::none) {
        call.answer(refusal(member_id, error));
        return;
    }
    Member& member = *group.find_member(member_id);
    const bool is_unchanged = member.has_protocols(call.request.protocols);
    switch (group.state()) {
        case GroupState::empty: call.answer(refusal(member_id, ErrorCode::unknown_member_id)); return;
        case GroupState::preparing_rebalance: break;
        case GroupState::completing_rebalance:
            // It may not have got the answer to its first JoinGroup.
            if (is_unchanged) {
                JoinGroupResponse response = current(group, member);
                if (group.is_leader(member_id)) {
                    response.members = group.member_list();
                }
                call.answer(std::move(response));
                return;
            }
            break;
        case GroupState::stable:
            // A leader rejoins where something changed that its own subscription does not show, such as a topic's
            // partitions.
            if (is_unchanged && !group.is_leader(member_id)) {
                call.answer(current(group, member));
                return;
            }
            break;
    }
    update_member(group, member, std::move(call));
}

void GroupCoordinator::add_member(Group& group, std::string member_id, JoinCall call) {
    if (const auto pending = group.pending_joins.find(member_id); pending != group.pending_joins.end()) {
        timers_->cancel(pending->second);
        --pending_joins_;
    }
    Member member;
    member.id = std::move(member_id);
    member.instance_id = call.request.group_instance_id;
    member.client_id = call.caller.client_id;
    member.client_host = call.caller.client_host;
    member.rebalance_timeout_ms = call.request.rebalance_timeout_ms;
    member.session_timeout_ms = call.request.session_timeout_ms;
    member.protocols = std::move(call.request.protocols);
    member.is_new = true;
    if (group.is_in(GroupState::preparing_rebalance) && group.previous_state() == GroupState::empty) {
        group.has_new_member = true;
    }
    Member& added = group.add(std::move(member), call.request.protocol_type, std::move(call.answer));
    // A client that gave up and asks again leaves a member behind that nobody is: it is not waited for without end.
    set_session_timer(group, added, settings_.new_member_join_timeout_ms);
    rebalance_or_complete(group);
}

void GroupCoordinator::update_member(Group& group, Member& member, JoinCall call) {
    group.set_protocols(member, std::move(call.request.protocols));
    member.rebalance_timeout_ms = call.request.rebalance_timeout_ms;
    member.session_timeout_ms = call.request.session_timeout_ms;
    if (const auto displaced = group.exchange_join(member, std::move(call.answer)); displaced) {
        // Asked twice, most likely over a new connection. Whoever still reads the old one shall ask again.
        displaced(refusal(member.id, ErrorCode::rebalance_in_progress));
    }
    rebalance_or_complete(group);
}

void GroupCoordinator::replace_static(Group& group, std::string_view old_id, std::string new_id, JoinCall call) {
    Member& old = *group.find_member(old_id);
    timers_->cancel(old.session_timer);
    if (const auto waiting = group.exchange_join(old, nullptr); waiting) {
        waiting(refusal(old_id, ErrorCode::fenced_instance_id));
    }
    if (const auto waiting = std::exchange(old.sync_reply, nullptr); waiting) {
        protocol::SyncGroupResponse response;
        response.error_code = ErrorCode::fenced_instance_id;
        waiting(std::move(response));
    }
    const Member before = old;
    Member& member = group.rename_static(old_id, std::move(new_id));
    member.is_new = false;
    group.set_protocols(member, std::move(call.request.protocols));
    member.rebalance_timeout_ms = call.request.rebalance_timeout_ms;
    member.session_timeout_ms = call.request.session_timeout_ms;
    group.exchange_join(member, std::move(call.answer));
    extend_session(group, member);
    switch (group.state()) {
        case GroupState::stable:
            if (group.protocol_name() == group.select_protocol()) {
                keep_static(group, member, before.id, before, call.caller.version);
            } else {
                rebalance_or_complete(group);
            }
            return;
        // The leader may know the old id already, and would assign partitions to nobody.
        case GroupState::completing_rebalance: prepare_rebalance(group); return;
        case GroupState::empty:
        case GroupState::preparing_rebalance: complete_join_if_all_joined(group); return;
    }
}

/// Gives a static member that came back its old place, without a rebalance, once its new id is durable.
void GroupCoordinator::keep_static(Group& group, Member& member, std::string old_id, const Member& before,
                                   protocol::Version version) {
    const std::string new_id = member.id;
    const std::string old_leader = group.is_leader(new_id) ? old_id : group.leader().value_or("");
    append_group(group, assignments_of(group),
                 [this, new_id, old_id = std::move(old_id), old_leader, before, version](Group& later, ErrorCode error) {
                     Member* kept = later.find_member(new_id);
                     // A rebalance that has begun meanwhile answers who waits.
                     if (kept == nullptr || !kept->awaits_join() || !later.is_in(GroupState::stable)) {
                         return;
                     }
                     const auto answer = later.exchange_join(*kept, nullptr);
                     JoinGroupResponse response = current(later, *kept);
                     if (error != ErrorCode::none) {
                         response.error_code = error;
                         response.member_id = "";
                         response.leader = old_leader;
                         timers_->cancel(kept->session_timer);
                         Member& restored = later.rename_static(new_id, old_id);
                         later.set_protocols(restored, before.protocols);
                         restored.rebalance_timeout_ms = before.rebalance_timeout_ms;
                         restored.session_timeout_ms = before.session_timeout_ms;
                         extend_session(later, restored);
                     } else if (version < kSkipAssignmentVersion) {
                         // A leader that learned its new id here would think that it has to assign partitions.
                         response.leader = old_leader;
                     } else if (later.is_leader(new_id)) {
                         response.skip_assignment = true;
                         response.members = later.member_list();
                     }
                     answer(std::move(response));
                 });
}

}  // namespace kseg::broker
