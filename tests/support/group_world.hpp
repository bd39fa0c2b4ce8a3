// SPDX-License-Identifier: Apache-2.0
// A coordinator with its surroundings, and requests of its clients in a line each.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/groups/coordinator.hpp"
#include "support/fake_timers.hpp"
#include "support/memory_offsets_log.hpp"

namespace kseg::test {

/// Holds an answer, and how often one came.
template <typename T>
struct Inbox {
    struct State {
        std::optional<T> answer;
        int count = 0;
    };
    std::shared_ptr<State> state = std::make_shared<State>();

    broker::Answer<T> answer() const {
        return [state = state](T response) {
            state->answer = std::move(response);
            ++state->count;
        };
    }
    [[nodiscard]] bool has() const { return state->count == 1; }
    [[nodiscard]] int count() const { return state->count; }
    const T& operator*() const { return *state->answer; }
    const T* operator->() const { return &*state->answer; }
};

inline protocol::Blob blob(std::string_view text) {
    const Bytes bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

struct GroupWorld {
    explicit GroupWorld(broker::GroupSettings with = {}) : settings(with) { start(); }

    /// A new coordinator on what the old one left in the log.
    void start() {
        groups.reset();
        groups = std::make_unique<broker::GroupCoordinator>(
            timers, clock, log,
            [this] {
                protocol::Uuid uuid;
                uuid.bytes[15] = std::byte{static_cast<unsigned char>(++uuids)};
                uuid.bytes[14] = std::byte{static_cast<unsigned char>(uuids >> 8)};
                return uuid;
            },
            settings);
        loaded = groups->load().has_value();
    }

    /// What a consumer sends that knows these protocols, each with its name as metadata.
    static protocol::JoinGroupRequest join_request(std::string member_id, std::vector<std::string> protocols = {"range"}) {
        protocol::JoinGroupRequest request;
        request.group_id = "g";
        request.member_id = std::move(member_id);
        request.session_timeout_ms = 10'000;
        request.rebalance_timeout_ms = 60'000;
        request.protocol_type = "consumer";
        for (const std::string& name : protocols) {
            request.protocols.push_back({name, blob(name)});
        }
        return request;
    }
    Inbox<protocol::JoinGroupResponse> join(protocol::JoinGroupRequest request, protocol::Version version = 9) {
        Inbox<protocol::JoinGroupResponse> inbox;
        groups->join({version, "client", "/127.0.0.1"}, std::move(request), inbox.answer());
        return inbox;
    }
    Inbox<protocol::JoinGroupResponse> join(std::string member_id, protocol::Version version = 9) {
        return join(join_request(std::move(member_id)), version);
    }
    /// A static member, known by its instance.
    Inbox<protocol::JoinGroupResponse> join_static(std::string instance, std::string member_id = "",
                                                   std::vector<std::string> protocols = {"range"},
                                                   protocol::Version version = 9) {
        auto request = join_request(std::move(member_id), std::move(protocols));
        request.group_instance_id = std::move(instance);
        return join(std::move(request), version);
    }
    /// An id for a new member.
    std::string new_id() { return join("")->member_id; }

    Inbox<protocol::SyncGroupResponse> sync(std::string member_id, std::int32_t generation,
                                            std::vector<std::pair<std::string, std::string>> assignments = {},
                                            std::optional<std::string> instance = std::nullopt) {
        protocol::SyncGroupRequest request;
        request.group_id = "g";
        request.member_id = std::move(member_id);
        request.generation_id = generation;
        request.group_instance_id = std::move(instance);
        request.protocol_type = "consumer";
        request.protocol_name = "range";
        for (const auto& [id, assignment] : assignments) {
            request.assignments.push_back({id, blob(assignment)});
        }
        Inbox<protocol::SyncGroupResponse> inbox;
        groups->sync({5, "client", "/127.0.0.1"}, std::move(request), inbox.answer());
        return inbox;
    }
    protocol::ErrorCode heartbeat(std::string member_id, std::int32_t generation,
                                  std::optional<std::string> instance = std::nullopt) {
        return groups->heartbeat({"g", generation, std::move(member_id), std::move(instance)}).error_code;
    }
    protocol::LeaveGroupResponse leave(std::string member_id, std::optional<std::string> instance = std::nullopt) {
        protocol::LeaveGroupRequest request;
        request.group_id = "g";
        request.members.push_back({std::move(member_id), std::move(instance), std::nullopt});
        Inbox<protocol::LeaveGroupResponse> inbox;
        groups->leave(request, inbox.answer());
        return inbox.has() ? *inbox : protocol::LeaveGroupResponse{};
    }

    /// One member that leads a stable group of generation 1, with assignment "all".
    std::string stable_alone() {
        const std::string id = new_id();
        const auto joined = join(id);
        timers.settle();
        sync(id, joined->generation_id, {{id, "all"}});
        return id;
    }
    /// Two members, the leader first, in a stable group of generation 2 with assignments "a" and "b".
    std::pair<std::string, std::string> stable_pair() {
        const std::string first = stable_alone();
        const std::string second = new_id();
        const auto second_joined = join(second);
        const auto first_joined = join(first);
        const std::string leader = first_joined->leader;
        const std::string follower = leader == first ? second : first;
        sync(follower, 2);
        sync(leader, 2, {{leader, "a"}, {follower, "b"}});
        return {leader, follower};
    }

    Inbox<protocol::OffsetCommitResponse> commit(std::int64_t offset, std::int32_t generation = -1,
                                                 std::string member_id = "", std::int32_t partition = 0,
                                                 protocol::Version version = 8, std::string group = "g") {
        protocol::OffsetCommitRequest request;
        request.group_id = std::move(group);
        request.generation_id_or_member_epoch = generation;
        request.member_id = std::move(member_id);
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        topic.partitions.push_back({partition, offset, 7, -1, "note"});
        Inbox<protocol::OffsetCommitResponse> inbox;
        groups->commit({version, "client", "/127.0.0.1"}, request, inbox.answer());
        return inbox;
    }
    Inbox<protocol::OffsetFetchResponse::OffsetFetchResponseGroup> fetch(std::int32_t partition = 0,
                                                                         bool require_stable = false,
                                                                         std::string group = "g") {
        protocol::OffsetFetchRequest::OffsetFetchRequestGroup request;
        request.group_id = std::move(group);
        request.topics->push_back({"t", {}, {partition}});
        Inbox<protocol::OffsetFetchResponse::OffsetFetchResponseGroup> inbox;
        groups->fetch_offsets(request, require_stable, inbox.answer());
        return inbox;
    }
    /// The committed offset of a partition of "t"; -1 without one.
    std::int64_t committed(std::int32_t partition = 0, std::string group = "g") {
        return fetch(partition, false, std::move(group))->topics[0].partitions[0].committed_offset;
    }

    [[nodiscard]] const broker::Group* group(std::string_view id = "g") const {
        const auto found = groups->groups().find(id);
        return found == groups->groups().end() ? nullptr : &found->second;
    }
    [[nodiscard]] std::string_view state() const { return group() == nullptr ? "" : to_string(group()->state()); }

    broker::GroupSettings settings;
    FakeTimers timers;
    ClockOfTimers clock{timers};
    MemoryOffsetsLog log;
    int uuids = 0;
    bool loaded = false;
    std::unique_ptr<broker::GroupCoordinator> groups;
};

/// The error of the only partition of a commit's answer.
inline protocol::ErrorCode error_of(const Inbox<protocol::OffsetCommitResponse>& inbox) {
    return inbox->topics[0].partitions[0].error_code;
}
inline std::string text_of(const protocol::Blob& bytes) {
    return std::string(as_text(bytes));
}

}  // namespace kseg::test
