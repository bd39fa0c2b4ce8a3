// SPDX-License-Identifier: Apache-2.0
// The coordinator of consumer groups: members, rebalances and committed offsets of all groups of this broker.
// Source: the classic protocol of Kafka 4's group coordinator. KIP-848's protocol is not spoken.
//
// One thread calls it; timers and the log call it back by that thread. What it answers is true after a restart as far as
// Kafka's answers are: assignments and offsets are durable before anybody hears of them, the rest starts anew.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "broker/groups/group.hpp"
#include "broker/groups/group_settings.hpp"
#include "broker/groups/journal.hpp"
#include "broker/groups/offset_store.hpp"
#include "broker/groups/offsets_records.hpp"
#include "kafka/protocol/messages/delete_groups.hpp"
#include "kafka/protocol/messages/describe_groups.hpp"
#include "kafka/protocol/messages/heartbeat.hpp"
#include "kafka/protocol/messages/leave_group.hpp"
#include "kafka/protocol/messages/list_groups.hpp"
#include "kafka/protocol/messages/offset_commit.hpp"
#include "kafka/protocol/messages/offset_delete.hpp"
#include "kafka/protocol/messages/offset_fetch.hpp"
#include "kafka/protocol/messages/txn_offset_commit.hpp"

namespace kseg::broker {

/// Who asks, and in which version of the API.
struct Caller {
    protocol::Version version = 0;
    std::string client_id{};
    std::string client_host{};
};

class GroupCoordinator {
  public:
    /// timers     live longer than the coordinator
    /// clock      the time of day, for the records
    /// log        calls nothing back once the coordinator is gone
    /// make_uuid  a random one, for the ids of members
    GroupCoordinator(Timers& timers, const Clock& clock, OffsetsLog& log, std::function<protocol::Uuid()> make_uuid,
                     GroupSettings settings = {});
    GroupCoordinator(const GroupCoordinator&) = delete;
    GroupCoordinator& operator=(const GroupCoordinator&) = delete;
    ~GroupCoordinator();

    /// Takes up what the log holds. Before the first request. Sessions of members that are there begin anew.
    /// errors   those of OffsetsLog::replay()
    Result<void> load();
    /// Records of the log that load() could not read, and left out.
    [[nodiscard]] std::uint64_t unreadable_records() const { return unreadable_records_; }

    // --- members: join.cpp, sync.cpp, leave.cpp ----------------------------------------------------------------------
    void join(const Caller& caller, protocol::JoinGroupRequest request, Answer<protocol::JoinGroupResponse> answer);
    void sync(const Caller& caller, protocol::SyncGroupRequest request, Answer<protocol::SyncGroupResponse> answer);
    [[nodiscard]] protocol::HeartbeatResponse heartbeat(const protocol::HeartbeatRequest& request);
    /// The answer is that of version 3 or later: who asked in an earlier one gets its only member's error.
    void leave(const protocol::LeaveGroupRequest& request, Answer<protocol::LeaveGroupResponse> answer);

    // --- offsets: commit.cpp, offsets.cpp ----------------------------------------------------------------------------
    /// Topics have names; whether they exist is the caller's to know. Answers name the same topics in the same order.
    void commit(const Caller& caller, const protocol::OffsetCommitRequest& request,
                Answer<protocol::OffsetCommitResponse> answer);
    /// The same within a transaction, which whoever calls knows to be open: the offsets count once end_transaction() says
    /// so.
    void commit_in_transaction(const protocol::TxnOffsetCommitRequest& request,
                               Answer<protocol::TxnOffsetCommitResponse> answer);
    /// The marker that ends the producer's transaction is in the log and durable.
    void end_transaction(std::int64_t producer_id, bool is_commit);
    /// One group of an OffsetFetch; null topics are all of them. Topics have names.
    void fetch_offsets(protocol::OffsetFetchRequest::OffsetFetchRequestGroup request, bool require_stable,
                       Answer<protocol::OffsetFetchResponse::OffsetFetchResponseGroup> answer);
    void delete_offsets(const protocol::OffsetDeleteRequest& request, Answer<protocol::OffsetDeleteResponse> answer);
    /// Forgets all offsets of a topic that is gone.
    void on_topic_deleted(std::string_view topic);

    // --- administration: admin.cpp -----------------------------------------------------------------------------------
    [[nodiscard]] protocol::DescribeGroupsResponse describe(const Caller& caller,
                                                            const protocol::DescribeGroupsRequest& request) const;
    [[nodiscard]] protocol::ListGroupsResponse list(const protocol::ListGroupsRequest& request) const;
    void delete_groups(const protocol::DeleteGroupsRequest& request, Answer<protocol::DeleteGroupsResponse> answer);

    /// For tests and tools.
    [[nodiscard]] const std::map<std::string, Group, std::less<>>& groups() const { return groups_; }
    [[nodiscard]] const OffsetStore& offsets() const { return offsets_; }

  private:
    class Loader;
    /// A group to be found again later: by then it may be gone, or another one may have its name.
    struct GroupKey {
        std::string id;
        std::uint64_t incarnation;
    };
    struct JoinCall {
        const Caller& caller;
        protocol::JoinGroupRequest request;
        Answer<protocol::JoinGroupResponse> answer;
    };

    [[nodiscard]] Group* find(std::string_view group_id);
    [[nodiscard]] Group* find(const GroupKey& key);
    [[nodiscard]] static GroupKey key_of(const Group& group) { return {group.id(), group.incarnation()}; }
    Group& create(std::string_view group_id);
    void erase(Group& group);

    // join.cpp
    [[nodiscard]] bool accepts(Group& group, std::string_view member_id) const;
    void join_new(Group& group, JoinCall call);
    void join_known(Group& group, JoinCall call);
    void add_member(Group& group, std::string member_id, JoinCall call);
    void update_member(Group& group, Member& member, JoinCall call);
    void replace_static(Group& group, std::string_view old_id, std::string new_id, JoinCall call);
    void keep_static(Group& group, Member& member, std::string old_id, const Member& before, protocol::Version version);
    [[nodiscard]] std::string make_member_id(std::string_view prefix) const;

    // rebalance.cpp
    void rebalance_or_complete(Group& group);
    void prepare_rebalance(Group& group);
    void end_initial_delay(Group& group, std::int32_t delay_ms, std::int32_t remaining_ms);
    void set_initial_delay(Group& group, std::int32_t delay_ms, std::int32_t remaining_ms);
    void complete_join_if_all_joined(Group& group);
    void complete_join(Group& group);
    void answer_joined(Group& group);
    void propagate_assignments(Group& group, protocol::ErrorCode error);
    void abandon_assignments(Group& group, protocol::ErrorCode error);
    void end_sync_wait(Group& group);
    void extend_session(Group& group, Member& member);
    void set_session_timer(Group& group, Member& member, std::int32_t timeout_ms);
    void expire_session(Group& group, const std::string& member_id);
    void expire_syncs(Group& group, std::int32_t generation);
    /// Takes a member out and tells whoever waits for it.
    void drop_member(Group& group, std::string_view member_id);
    /// Runs `then` at a time, with the group if it is still there.
    TimerId set_timer(const Group& group, std::int64_t in_ms, std::function<void(Group&)> then);

    // sync.cpp
    void take_assignments(Group& group, const std::vector<protocol::SyncGroupRequest::SyncGroupRequestAssignment>& given);
    /// Appends the group's record; `done` gets the group if it is still there.
    void append_group(Group& group, const Assignments& assignments, std::function<void(Group&, protocol::ErrorCode)> done);

    // leave.cpp
    [[nodiscard]] protocol::ErrorCode leave_one(Group& group, const protocol::LeaveGroupRequest::MemberIdentity& identity);

    // commit.cpp
    [[nodiscard]] protocol::ErrorCode check_commit(std::string_view group_id, std::string_view member_id,
                                                   const std::optional<std::string>& instance_id, std::int32_t generation,
                                                   protocol::ErrorCode no_group, bool in_transaction);

    // admin.cpp
    [[nodiscard]] protocol::ErrorCode delete_group(const std::string& group_id);
    void remove_offsets(std::string_view group_id, std::vector<std::pair<std::string, std::int32_t>> offsets);
    void clean_up();
    void expire_offsets(Group& group);

    Timers* timers_;
    const Clock* clock_;
    OffsetsLog* log_;
    Journal journal_;
    std::function<protocol::Uuid()> make_uuid_;
    GroupSettings settings_;
    std::uint64_t member_bytes_ = 0;  ///< of all groups, which are destroyed first
    std::map<std::string, Group, std::less<>> groups_{};
    OffsetStore offsets_{};
    std::uint64_t last_incarnation_ = 0;
    std::uint64_t unreadable_records_ = 0;
    std::size_t pending_joins_ = 0;  ///< of all groups
    TimerId cleanup_timer_ = 0;
};

/// What a member is told of a log that does not take its group's record.
protocol::ErrorCode error_of_append(const Error& error);

}  // namespace kseg::broker
