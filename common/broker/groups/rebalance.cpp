// SPDX-License-Identifier: Apache-2.0
// From a reason to rebalance to the next generation, and who drops out on the way.
// Source: GroupMetadataManager of Kafka 4's group coordinator.
#include <algorithm>
#include <utility>
#include <vector>

#include "broker/groups/coordinator.hpp"

namespace kseg::broker {

using protocol::ErrorCode;
using protocol::JoinGroupResponse;
using protocol::SyncGroupResponse;

namespace {

/// A round that nobody has joined is looked at again after the rebalance time-out, which a client may have set to nothing.
constexpr std::int32_t kMinRetryMs = 100;

template <typename Response>
Response unknown_member() {
    Response response;
    response.error_code = ErrorCode::unknown_member_id;
    return response;
}

}  // namespace

TimerId GroupCoordinator::set_timer(const Group& group, std::int64_t in_ms, std::function<void(Group&)> then) {
    return timers_->at(timers_->now() + in_ms, [this, key = key_of(group), then = std::move(then)] {
        if (Group* later = find(key); later != nullptr) {
            then(*later);
        }
    });
}

void GroupCoordinator::rebalance_or_complete(Group& group) {
    if (group.is_in(GroupState::preparing_rebalance)) {
        complete_join_if_all_joined(group);
    } else {
        prepare_rebalance(group);
    }
}

void GroupCoordinator::prepare_rebalance(Group& group) {
    if (group.is_in(GroupState::completing_rebalance)) {
        abandon_assignments(group, ErrorCode::rebalance_in_progress);
    }
    end_sync_wait(group);
    const bool is_initial = group.is_in(GroupState::empty);
    group.change_state(GroupState::preparing_rebalance, clock_->now());
    if (is_initial) {
        const std::int32_t delay = settings_.initial_rebalance_delay_ms;
        set_initial_delay(group, delay, std::max(group.rebalance_timeout_ms() - delay, 0));
    } else if (group.have_all_joined()) {
        complete_join(group);
    } else {
        timers_->cancel(group.join_timer);
        group.join_timer = set_timer(group, group.rebalance_timeout_ms(), [this](Group& later) { complete_join(later); });
    }
}

void GroupCoordinator::set_initial_delay(Group& group, std::int32_t delay_ms, std::int32_t remaining_ms) {
    timers_->cancel(group.join_timer);
    group.join_timer = set_timer(group, delay_ms, [this, delay_ms, remaining_ms](Group& later) {
        end_initial_delay(later, delay_ms, remaining_ms);
    });
}

void GroupCoordinator::end_initial_delay(Group& group, std::int32_t delay_ms, std::int32_t remaining_ms) {
    if (delay_ms != 0 && remaining_ms != 0 && std::exchange(group.has_new_member, false)) {
        set_initial_delay(group, std::min(settings_.initial_rebalance_delay_ms, remaining_ms),
                          std::max(remaining_ms - delay_ms, 0));
    } else {
        complete_join(group);
    }
}

void GroupCoordinator::complete_join_if_all_joined(Group& group) {
    // The first round of an empty group ends by its delay alone.
    if (group.is_in(GroupState::preparing_rebalance) && group.previous_state() != GroupState::empty &&
        group.have_all_joined()) {
        complete_join(group);
    }
}

void GroupCoordinator::complete_join(Group& group) {
    timers_->cancel(std::exchange(group.join_timer, 0));
    std::vector<std::string> late;
    for (const auto& [id, member] : group.members()) {
        if (!member.awaits_join() && !member.is_static()) {
            late.push_back(id);
        }
    }
    for (const std::string& id : late) {
        drop_member(group, id);
    }
    if (!group.elect_joined_leader() && !group.members().empty()) {
        // Only static members are left, and none of them is here: their sessions decide.
        group.join_timer = set_timer(group, std::max(group.rebalance_timeout_ms(), kMinRetryMs),
                                     [this](Group& later) { complete_join(later); });
        return;
    }
    group.has_new_member = false;
    group.begin_generation(clock_->now());
    if (group.is_in(GroupState::empty)) {
        // Should this be lost, the generation before comes back after a restart, and its members time out.
        append_group(group, {}, nullptr);
        return;
    }
    answer_joined(group);
    const std::int32_t generation = group.generation();
    group.sync_timer = set_timer(group, group.rebalance_timeout_ms(),
                                 [this, generation](Group& later) { expire_syncs(later, generation); });
}

void GroupCoordinator::answer_joined(Group& group) {
    std::vector<std::pair<Answer<JoinGroupResponse>, JoinGroupResponse>> answers;
    for (auto& [id, member] : group.members()) {
        JoinGroupResponse response;
        response.generation_id = group.generation();
        response.protocol_type = group.protocol_type();
        response.protocol_name = group.protocol_name();
        response.leader = group.leader().value_or("");
        response.member_id = id;
        if (group.is_leader(id)) {
            response.members = group.member_list();
        }
        if (auto answer = group.exchange_join(member, nullptr); answer) {
            answers.emplace_back(std::move(answer), std::move(response));
        }
        extend_session(group, member);
        member.is_new = false;
        group.pending_syncs.insert(id);
    }
    for (auto& [answer, response] : answers) {
        answer(std::move(response));
    }
}

void GroupCoordinator::propagate_assignments(Group& group, ErrorCode error) {
    for (auto& [id, member] : group.members()) {
        const auto answer = std::exchange(member.sync_reply, nullptr);
        if (!answer) {
            continue;
        }
        SyncGroupResponse response;
        response.error_code = error;
        response.assignment = member.assignment;
        if (error == ErrorCode::none) {
            response.protocol_type = group.protocol_type();
            response.protocol_name = group.protocol_name();
        }
        // While it waited it was excused, so nothing may be left to watch over it.
        extend_session(group, member);
        answer(std::move(response));
    }
}

void GroupCoordinator::abandon_assignments(Group& group, ErrorCode error) {
    for (auto& [id, member] : group.members()) {
        member.assignment.clear();
    }
    propagate_assignments(group, error);
}

void GroupCoordinator::end_sync_wait(Group& group) {
    group.pending_syncs.clear();
    timers_->cancel(std::exchange(group.sync_timer, 0));
}

void GroupCoordinator::expire_syncs(Group& group, std::int32_t generation) {
    group.sync_timer = 0;
    const bool waits_for_syncs = group.is_in(GroupState::completing_rebalance) || group.is_in(GroupState::stable);
    if (generation != group.generation() || !waits_for_syncs || group.pending_syncs.empty()) {
        return;
    }
    const auto late = std::exchange(group.pending_syncs, {});
    for (const std::string& id : late) {
        drop_member(group, id);
    }
    prepare_rebalance(group);
}

void GroupCoordinator::extend_session(Group& group, Member& member) {
    set_session_timer(group, member, member.session_timeout_ms);
}

void GroupCoordinator::set_session_timer(Group& group, Member& member, std::int32_t timeout_ms) {
    timers_->cancel(member.session_timer);
    member.session_timer =
        set_timer(group, timeout_ms, [this, id = member.id](Group& later) { expire_session(later, id); });
}

void GroupCoordinator::expire_session(Group& group, const std::string& member_id) {
    if (group.pending_joins.erase(member_id) != 0) {
        --pending_joins_;
    } else {
        Member* member = group.find_member(member_id);
        if (member == nullptr) {
            return;
        }
        member->session_timer = 0;
        if (member->is_excused_from_heartbeats()) {
            return;
        }
        drop_member(group, member_id);
        if (group.is_in(GroupState::stable) || group.is_in(GroupState::completing_rebalance)) {
            prepare_rebalance(group);
            return;
        }
    }
    if (group.is_in(GroupState::preparing_rebalance) && group.have_all_joined()) {
        complete_join(group);
    }
}

void GroupCoordinator::drop_member(Group& group, std::string_view member_id) {
    if (const auto pending = group.pending_joins.find(member_id); pending != group.pending_joins.end()) {
        timers_->cancel(pending->second);
        group.pending_joins.erase(pending);
        --pending_joins_;
    }
    Member removed = group.remove(member_id);
    timers_->cancel(removed.session_timer);
    if (removed.join_reply) {
        auto response = unknown_member<JoinGroupResponse>();
        response.protocol_name = std::nullopt;
        removed.join_reply(std::move(response));
    }
    if (removed.sync_reply) {
        removed.sync_reply(unknown_member<SyncGroupResponse>());
    }
}

}  // namespace kseg::broker
