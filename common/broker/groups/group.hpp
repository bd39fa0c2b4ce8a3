// SPDX-License-Identifier: Apache-2.0
// A group: its members, state and generation, and what follows from these alone. It answers nobody and sets no timer: the
// coordinator does. Source: the classic protocol of Kafka 4's group coordinator, KIP-345 (static members), KIP-394 (ids
// first).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.hpp"
#include "broker/groups/counted_bytes.hpp"
#include "broker/groups/member.hpp"
#include "broker/timers.hpp"
#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/messages/group_records.hpp"

namespace kseg::broker {

enum class GroupState : std::uint8_t {
    empty,                 ///< no members; offsets may be there
    preparing_rebalance,   ///< waits for all members to join
    completing_rebalance,  ///< waits for the leader's assignment
    stable,                ///< every member has its assignment
};

/// Kafka's name, "PreparingRebalance".
std::string_view to_string(GroupState state);

/// What a member's protocols take.
std::uint64_t bytes_of(const std::vector<GroupProtocol>& protocols);

class Group {
  public:
    /// incarnation  a number that no other group of the process has: a group that was deleted and made again is another one
    /// member_bytes what the members of all groups hold, borrowed
    Group(std::string id, std::uint64_t incarnation, std::uint64_t& member_bytes)
        : id_(std::move(id)), incarnation_(incarnation), member_bytes_(member_bytes) {}

    /// As the record of a stable or an empty group has it. Members have no timers yet.
    Group(std::string id, std::uint64_t incarnation, std::uint64_t& member_bytes,
          const protocol::GroupMetadataValue& value);

    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
    [[nodiscard]] GroupState state() const { return state_; }
    [[nodiscard]] GroupState previous_state() const { return previous_state_; }
    [[nodiscard]] bool is_in(GroupState state) const { return state_ == state; }
    [[nodiscard]] std::int32_t generation() const { return generation_; }
    [[nodiscard]] const std::optional<std::string>& protocol_type() const { return protocol_type_; }
    [[nodiscard]] const std::optional<std::string>& protocol_name() const { return protocol_name_; }
    [[nodiscard]] const std::optional<std::string>& leader() const { return leader_; }
    [[nodiscard]] bool is_leader(std::string_view member_id) const { return leader_ == member_id; }
    /// When the state last changed, by the time of day; -1 where nobody knows.
    [[nodiscard]] TimestampMs state_since() const { return state_since_; }

    void change_state(GroupState to, TimestampMs now);

    // --- members ---------------------------------------------------------------------------------------------------
    [[nodiscard]] const std::map<std::string, Member, std::less<>>& members() const { return members_; }
    [[nodiscard]] std::map<std::string, Member, std::less<>>& members() { return members_; }
    [[nodiscard]] Member* find_member(std::string_view member_id);
    /// The member of a static instance; nullptr where none is.
    [[nodiscard]] Member* find_instance(std::string_view instance_id);
    /// Why a request of a member that should be there cannot be: unknown_member_id, fenced_instance_id; or none.
    [[nodiscard]] protocol::ErrorCode check_member(std::string_view member_id,
                                                   const std::optional<std::string>& instance_id) const;

    /// Adds a member that knows one of the group's protocols, with a JoinGroup that waits where `join_reply` is set. Who
    /// was pending under this id is no longer.
    Member& add(Member member, std::string_view protocol_type, Answer<protocol::JoinGroupResponse> join_reply);
    /// Takes a member out, with whatever waits for it, which the caller answers. Another one leads if it did.
    Member remove(std::string_view member_id);
    /// Gives a static member another id. Nothing waits for it then: the caller has answered.
    Member& rename_static(std::string_view old_id, std::string new_id);
    void set_protocols(Member& member, std::vector<GroupProtocol> protocols);
    /// Sets or takes the JoinGroup that waits for a member.
    Answer<protocol::JoinGroupResponse> exchange_join(Member& member, Answer<protocol::JoinGroupResponse> reply);

    /// Ids that were given out, whose members have not joined yet, and when they are forgotten.
    std::map<std::string, TimerId, std::less<>> pending_joins{};
    /// Members of this generation of whom no SyncGroup came yet.
    std::set<std::string, std::less<>> pending_syncs{};
    TimerId join_timer = 0;
    TimerId sync_timer = 0;
    /// A member joined during the delay of the first rebalance.
    bool has_new_member = false;

    [[nodiscard]] bool have_all_joined() const { return waiting_joins_ == members_.size() && pending_joins.empty(); }
    [[nodiscard]] std::size_t waiting_joins() const { return waiting_joins_; }
    /// The longest of the members'.
    [[nodiscard]] std::int32_t rebalance_timeout_ms() const;

    // --- protocols -------------------------------------------------------------------------------------------------
    /// Whether all members, and who comes with these, can agree on one.
    [[nodiscard]] bool supports(std::string_view protocol_type, const std::vector<GroupProtocol>& protocols) const;
    /// The protocol that all members know and most of them like best. There are members.
    [[nodiscard]] std::string select_protocol() const;
    [[nodiscard]] bool is_of_consumers() const;
    /// Topics that the members subscribe to; nothing where that cannot be told.
    [[nodiscard]] const std::optional<std::set<std::string, std::less<>>>& subscribed_topics() const { return topics_; }
    [[nodiscard]] bool is_subscribed_to(std::string_view topic) const;

    // --- rebalances ------------------------------------------------------------------------------------------------
    /// Makes a member lead that has joined. False where none has.
    bool elect_joined_leader();
    /// The next generation: selects the protocol, or is empty.
    void begin_generation(TimestampMs now);
    /// Members for the leader's answer.
    [[nodiscard]] std::vector<protocol::JoinGroupResponse::JoinGroupResponseMember> member_list() const;

  private:
    void count_protocols(const Member& member, bool is_added);
    void find_subscribed_topics();

    std::string id_;
    std::uint64_t incarnation_;
    CountedBytes member_bytes_;
    GroupState state_ = GroupState::empty;
    GroupState previous_state_ = GroupState::empty;
    TimestampMs state_since_ = -1;
    std::int32_t generation_ = 0;
    std::optional<std::string> protocol_type_{};
    std::optional<std::string> protocol_name_{};
    std::optional<std::string> leader_{};
    std::map<std::string, Member, std::less<>> members_{};
    std::map<std::string, std::string, std::less<>> instances_{};  ///< instance id -> member id
    std::map<std::string, std::size_t, std::less<>> known_by_{};   ///< protocol -> how many members know it
    std::size_t waiting_joins_ = 0;
    std::optional<std::set<std::string, std::less<>>> topics_{};
};

}  // namespace kseg::broker
