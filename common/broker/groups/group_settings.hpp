// SPDX-License-Identifier: Apache-2.0
// Limits of groups. Defaults are Kafka's, but for the delay of a new group's first rebalance, which there is 3 seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/units.hpp"

namespace kseg::broker {

struct GroupSettings {
    std::int32_t min_session_timeout_ms = 6'000;
    std::int32_t max_session_timeout_ms = 1'800'000;
    /// How long the first rebalance of an empty group waits for more members. Clients feel it as the time to the first
    /// record.
    std::int32_t initial_rebalance_delay_ms = 0;
    /// How long a member that has never had an answer is waited for: it cannot send heartbeats.
    std::int32_t new_member_join_timeout_ms = 300'000;
    std::size_t max_members = INT32_MAX;
    /// Ids of all groups that were given out and that nobody has joined with yet.
    std::size_t max_pending_joins = 100'000;
    /// What the protocols of one member may take, and those of all members together. A client says them in one request and
    /// may be gone in the next moment, while the member stays for as long as its session.
    std::uint64_t max_member_bytes = std::uint64_t{1} << 20;
    std::uint64_t max_all_member_bytes = std::uint64_t{256} << 20;
    /// Metadata of a committed offset, in UTF-16 units.
    std::size_t max_offset_metadata = 4'096;
    /// How long offsets are kept once nobody uses them; nothing: for ever.
    std::optional<TimestampMs> offset_retention_ms{};
    /// How often groups without members and offsets are looked for.
    TimestampMs cleanup_interval_ms = 600'000;
};

}  // namespace kseg::broker
