// SPDX-License-Identifier: Apache-2.0
#include "broker/groups/group.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "kafka/protocol/engine.hpp"
#include "kafka/protocol/message.hpp"
#include "kafka/protocol/messages/consumer_protocol.hpp"

namespace kseg::broker {

using protocol::ErrorCode;

namespace {

constexpr std::string_view kConsumers = "consumer";

std::set<std::string_view> names_of(const std::vector<GroupProtocol>& protocols) {
    std::set<std::string_view> names;
    for (const GroupProtocol& each : protocols) {
        names.insert(each.name);
    }
    return names;
}

}  // namespace

std::string_view to_string(GroupState state) {
    switch (state) {
        case GroupState::empty: return "Empty";
        case GroupState::preparing_rebalance: return "PreparingRebalance";
        case GroupState::completing_rebalance: return "CompletingRebalance";
        case GroupState::stable: return "Stable";
    }
    return "";
}

protocol::Blob Member::metadata(std::string_view protocol_name) const {
    const auto found = std::find_if(protocols.begin(), protocols.end(),
                                    [&](const GroupProtocol& each) { return each.name == protocol_name; });
    return found == protocols.end() ? protocol::Blob{} : found->metadata;
}

bool Member::has_protocols(const std::vector<GroupProtocol>& others) const {
    return std::equal(
        protocols.begin(), protocols.end(), others.begin(), others.end(),
        [](const GroupProtocol& a, const GroupProtocol& b) { return a.name == b.name && a.metadata == b.metadata; });
}

std::uint64_t bytes_of(const std::vector<GroupProtocol>& protocols) {
    std::uint64_t bytes = 0;
    for (const GroupProtocol& each : protocols) {
        bytes += sizeof(each) + each.name.size() + each.metadata.size();
    }
    return bytes;
}

Group::Group(std::string id, std::uint64_t incarnation, std::uint64_t& member_bytes,
             const protocol::GroupMetadataValue& value)
    : id_(std::move(id)),
      incarnation_(incarnation),
      member_bytes_(member_bytes),
      state_(value.members.empty() ? GroupState::empty : GroupState::stable),
      state_since_(value.current_state_timestamp),
      generation_(std::max(value.generation, 0)),
      protocol_name_(value.protocol) {
    if (!value.protocol_type.empty()) {
        protocol_type_ = value.protocol_type;
    }
    for (const auto& stored : value.members) {
        if (find_member(stored.member_id) != nullptr ||
            (stored.group_instance_id && find_instance(*stored.group_instance_id) != nullptr)) {
            continue;  // no coordinator writes this; the first one counts
        }
        Member member;
        member.id = stored.member_id;
        member.instance_id = stored.group_instance_id;
        member.client_id = stored.client_id;
        member.client_host = stored.client_host;
        member.session_timeout_ms = stored.session_timeout;
        member.rebalance_timeout_ms = stored.rebalance_timeout == -1 ? stored.session_timeout : stored.rebalance_timeout;
        member.protocols.push_back({value.protocol.value_or(""), stored.subscription});
        member.assignment = stored.assignment;
        add(std::move(member), value.protocol_type, nullptr);
    }
    if (value.leader && find_member(*value.leader) != nullptr) {
        leader_ = value.leader;
    }
    find_subscribed_topics();
}

void Group::change_state(GroupState to, TimestampMs now) {
    previous_state_ = state_;
    state_ = to;
    state_since_ = now;
}

Member* Group::find_member(std::string_view member_id) {
    const auto found = members_.find(member_id);
    return found == members_.end() ? nullptr : &found->second;
}

Member* Group::find_instance(std::string_view instance_id) {
    const auto found = instances_.find(instance_id);
    return found == instances_.end() ? nullptr : find_member(found->second);
}

ErrorCode Group::check_member(std::string_view member_id, const std::optional<std::string>& instance_id) const {
    if (instance_id) {
        const auto instance = instances_.find(*instance_id);
        if (instance == instances_.end()) {
            return ErrorCode::unknown_member_id;
        }
        if (instance->second != member_id) {
            return ErrorCode::fenced_instance_id;
        }
    }
    return members_.contains(member_id) ? ErrorCode::none : ErrorCode::unknown_member_id;
}

Member& Group::add(Member member, std::string_view protocol_type, Answer<protocol::JoinGroupResponse> join_reply) {
    assert(!member.awaits_join() && !members_.contains(member.id));
    if (members_.empty()) {
        protocol_type_ = std::string(protocol_type);
    }
    if (member.instance_id) {
        instances_.insert_or_assign(*member.instance_id, member.id);
    }
    if (!leader_) {
        leader_ = member.id;
    }
    pending_joins.erase(member.id);
    count_protocols(member, true);
    std::string id = member.id;
    Member& added = members_.insert_or_assign(std::move(id), std::move(member)).first->second;
    exchange_join(added, std::move(join_reply));
    return added;
}

Member Group::remove(std::string_view member_id) {
    pending_syncs.erase(std::string(member_id));
    const auto found = members_.find(member_id);
    if (found == members_.end()) {
        return {};
    }
    Member removed = std::move(found->second);
    members_.erase(found);
    count_protocols(removed, false);
    if (removed.awaits_join()) {
        --waiting_joins_;
    }
    if (removed.instance_id) {
        instances_.erase(*removed.instance_id);
    }
    if (is_leader(removed.id)) {
        leader_ = members_.empty() ? std::nullopt : std::optional(members_.begin()->first);
    }
    return removed;
}

Member& Group::rename_static(std::string_view old_id, std::string new_id) {
    auto node = members_.extract(members_.find(old_id));
    Member& member = node.mapped();
    assert(member.is_static() && !member.awaits_join() && !member.awaits_sync());
    if (is_leader(old_id)) {
        leader_ = new_id;
    }
    instances_.insert_or_assign(*member.instance_id, new_id);
    if (pending_syncs.erase(std::string(old_id)) != 0) {
        pending_syncs.insert(new_id);
    }
    member.id = new_id;
    node.key() = std::move(new_id);
    return members_.insert(std::move(node)).position->second;
}

void Group::set_protocols(Member& member, std::vector<GroupProtocol> protocols) {
    count_protocols(member, false);
    member.protocols = std::move(protocols);
    count_protocols(member, true);
}

Answer<protocol::JoinGroupResponse> Group::exchange_join(Member& member, Answer<protocol::JoinGroupResponse> reply) {
    waiting_joins_ -= member.awaits_join() ? 1U : 0U;
    waiting_joins_ += reply != nullptr ? 1U : 0U;
    return std::exchange(member.join_reply, std::move(reply));
}

std::int32_t Group::rebalance_timeout_ms() const {
    std::int32_t longest = 0;
    for (const auto& [id, member] : members_) {
        longest = std::max(longest, member.rebalance_timeout_ms);
    }
    return longest;
}

void Group::count_protocols(const Member& member, bool is_added) {
    if (is_added) {
        member_bytes_.add(bytes_of(member.protocols));
    } else {
        member_bytes_.subtract(bytes_of(member.protocols));
    }
    for (const std::string_view name : names_of(member.protocols)) {
        auto known = known_by_.find(name);
        if (is_added) {
            known = known == known_by_.end() ? known_by_.emplace(std::string(name), 0).first : known;
            ++known->second;
        } else if (known != known_by_.end() && --known->second == 0) {
            known_by_.erase(known);
        }
    }
}

bool Group::supports(std::string_view protocol_type, const std::vector<GroupProtocol>& protocols) const {
    if (state_ == GroupState::empty || members_.empty()) {
        return !protocol_type.empty() && !protocols.empty();
    }
    return protocol_type_ == protocol_type &&
           std::any_of(protocols.begin(), protocols.end(), [&](const GroupProtocol& each) {
               const auto known = known_by_.find(each.name);
               return known != known_by_.end() && known->second == members_.size();
           });
}

std::string Group::select_protocol() const {
    std::map<std::string_view, std::size_t> votes;
    for (const auto& [id, member] : members_) {
        const auto vote = std::find_if(member.protocols.begin(), member.protocols.end(), [&](const GroupProtocol& each) {
            const auto known = known_by_.find(each.name);
            return known != known_by_.end() && known->second == members_.size();
        });
        if (vote != member.protocols.end()) {
            ++votes[vote->name];
        }
    }
    const auto best =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return best == votes.end() ? std::string() : std::string(best->first);
}

bool Group::is_of_consumers() const {
    return protocol_type_ == kConsumers;
}

bool Group::is_subscribed_to(std::string_view topic) const {
    // Consumers whose subscriptions nobody can read may be subscribed to anything.
    return topics_ ? topics_->contains(topic) : is_of_consumers();
}

void Group::find_subscribed_topics() {
    topics_.reset();
    if (!is_of_consumers()) {
        return;
    }
    std::set<std::string, std::less<>> topics;
    if (!members_.empty() && !protocol_name_) {
        return;
    }
    for (const auto& [id, member] : members_) {
        const protocol::Blob metadata = member.metadata(*protocol_name_);
        if (!protocol::leading_version(metadata)) {
            return;
        }
        // Every version of a subscription begins as version 0 does, those that are yet to come too.
        protocol::ConsumerProtocolSubscription subscription;
        std::size_t used = 0;
        const Bytes body = Bytes(metadata).subspan(sizeof(protocol::Version));
        if (!protocol::read_fields(protocol::ConsumerProtocolSubscription::kSchema, &subscription, body, 0, used)) {
            return;
        }
        topics.insert(subscription.topics.begin(), subscription.topics.end());
    }
    topics_ = std::move(topics);
}

bool Group::elect_joined_leader() {
    if (!leader_) {
        return false;
    }
    const Member* leader = find_member(*leader_);
    if (leader != nullptr && leader->awaits_join()) {
        return true;
    }
    const auto joined =
        std::find_if(members_.begin(), members_.end(), [](const auto& each) { return each.second.awaits_join(); });
    if (joined == members_.end()) {
        return false;
    }
    leader_ = joined->first;
    return true;
}

void Group::begin_generation(TimestampMs now) {
    generation_ = generation_ == std::numeric_limits<std::int32_t>::max() ? 0 : generation_ + 1;
    protocol_name_ = members_.empty() ? std::nullopt : std::optional(select_protocol());
    find_subscribed_topics();
    change_state(members_.empty() ? GroupState::empty : GroupState::completing_rebalance, now);
    pending_syncs.clear();
}

std::vector<protocol::JoinGroupResponse::JoinGroupResponseMember> Group::member_list() const {
    std::vector<protocol::JoinGroupResponse::JoinGroupResponseMember> list;
    list.reserve(members_.size());
    for (const auto& [id, member] : members_) {
        list.push_back({id, member.instance_id, member.metadata(protocol_name_.value_or(""))});
    }
    return list;
}

}  // namespace kseg::broker
