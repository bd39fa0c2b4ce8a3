// SPDX-License-Identifier: Apache-2.0
// One member of a group, and who waits for an answer on its behalf.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/timers.hpp"
#include "kafka/protocol/messages/join_group.hpp"
#include "kafka/protocol/messages/sync_group.hpp"

namespace kseg::broker {

/// Takes an answer, once. It must not call the coordinator before it has returned.
template <typename T>
using Answer = std::function<void(T)>;

/// A way to assign partitions that a member knows, and what it tells the leader: its subscription, for consumers.
using GroupProtocol = protocol::JoinGroupRequest::JoinGroupRequestProtocol;

struct Member {
    std::string id{};
    std::optional<std::string> instance_id{};  ///< a static member has one
    std::string client_id{};
    std::string client_host{};
    std::int32_t rebalance_timeout_ms = 0;
    std::int32_t session_timeout_ms = 0;
    std::vector<GroupProtocol> protocols{};  ///< best first
    protocol::Blob assignment{};
    /// No join of it was answered yet, so it cannot send heartbeats.
    bool is_new = false;
    Answer<protocol::JoinGroupResponse> join_reply{};  ///< set while a JoinGroup of it waits: see Group
    Answer<protocol::SyncGroupResponse> sync_reply{};  ///< set while a SyncGroup of it waits
    TimerId session_timer = 0;

    [[nodiscard]] bool awaits_join() const { return join_reply != nullptr; }
    [[nodiscard]] bool awaits_sync() const { return sync_reply != nullptr; }
    [[nodiscard]] bool is_static() const { return instance_id.has_value(); }
    /// Who waits for the others is alive, as far as anybody can know.
    [[nodiscard]] bool is_excused_from_heartbeats() const { return !is_new && (awaits_join() || awaits_sync()); }

    /// What it said of a protocol; empty where it does not know it.
    [[nodiscard]] protocol::Blob metadata(std::string_view protocol_name) const;
    /// Whether these are what it joined with, in the same order.
    [[nodiscard]] bool has_protocols(const std::vector<GroupProtocol>& others) const;
};

}  // namespace kseg::broker
