// SPDX-License-Identifier: Apache-2.0
// Committed offsets in memory, and those of transactions that have not ended. What is put here is what replaying the log
// gives. Source: OffsetMetadataManager of Kafka 4's group coordinator, KIP-447.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/units.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::broker {

struct CommittedOffset {
    std::int64_t offset = 0;
    std::int32_t leader_epoch = -1;
    std::string metadata{};
    TimestampMs commit_timestamp = 0;
    TimestampMs expire_timestamp = -1;  ///< -1: as the settings say
    protocol::Uuid topic_id{};
    /// Of the record that holds it: of two commits the later one counts, even where the earlier one's transaction ends
    /// last.
    std::int64_t record_offset = -1;

    friend bool operator==(const CommittedOffset&, const CommittedOffset&) = default;
};

/// Offsets of one group: topic -> partition -> offset.
using GroupOffsets = std::map<std::string, std::map<std::int32_t, CommittedOffset>, std::less<>>;

class OffsetStore {
  public:
    /// The group's offsets; nullptr where it has none.
    [[nodiscard]] const GroupOffsets* find(std::string_view group) const;
    [[nodiscard]] const CommittedOffset* find(std::string_view group, std::string_view topic, std::int32_t partition) const;
    [[nodiscard]] std::size_t group_count() const { return committed_.size(); }
    [[nodiscard]] const std::map<std::string, GroupOffsets, std::less<>>& all() const { return committed_; }

    void put(std::string_view group, std::string_view topic, std::int32_t partition, CommittedOffset offset);
    /// Removes an offset, and what transactions may still make of it.
    void remove(std::string_view group, std::string_view topic, std::int32_t partition);

    /// Holds an offset until the producer's transaction ends.
    void put_pending(std::int64_t producer_id, std::string_view group, std::string_view topic, std::int32_t partition,
                     CommittedOffset offset);
    void end_transaction(std::int64_t producer_id, bool is_commit);
    [[nodiscard]] bool is_pending(std::string_view group, std::string_view topic, std::int32_t partition) const;
    /// Whether any transaction holds offsets of the group.
    [[nodiscard]] bool has_pending(std::string_view group) const;
    /// Calls for each pending offset of the group; some may be named more than once.
    void each_pending(std::string_view group,
                      const std::function<void(const std::string& topic, std::int32_t partition)>& visit) const;

  private:
    /// The pending offsets of a producer in a group that has some.
    template <typename Visit>
    void each_open(std::string_view group, Visit&& visit) const;

    std::map<std::string, GroupOffsets, std::less<>> committed_{};
    /// producer -> group -> offsets
    std::map<std::int64_t, std::map<std::string, GroupOffsets, std::less<>>> pending_{};
    /// group -> producers that may hold offsets of it
    std::map<std::string, std::set<std::int64_t>, std::less<>> open_{};
};

}  // namespace kseg::broker
