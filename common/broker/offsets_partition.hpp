// SPDX-License-Identifier: Apache-2.0
// The log of groups over the topic __consumer_offsets, which is made when the first record comes.
// Of a directory that Kafka wrote all partitions are read, and a group's records go where Kafka would write them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>

#include "broker/broker.hpp"
#include "broker/groups/offsets_log.hpp"
#include "kafka/record/builder.hpp"

namespace kseg::broker {

inline constexpr const char* kOffsetsTopic = "__consumer_offsets";

/// Makes that topic where it is missing. Returns whether it is on its way: then `then` is called, later, when it is there
/// or cannot be.
bool make_offsets_topic(Broker& broker, std::function<void()> then);

class PartitionOffsetsLog final : public OffsetsLog {
  public:
    /// Borrows the broker. Of a broker that is read-only what is appended is held to be durable and goes nowhere.
    explicit PartitionOffsetsLog(Broker& broker) : broker_(&broker) {}

    Result<std::int64_t> append(std::string_view group, OffsetsBatch batch, OnDurable on_durable) override;
    /// Damaged parts are left out: see damaged().
    Result<void> replay(Visitor& visitor) override;

    /// Places in the log that replay() could not read.
    [[nodiscard]] std::uint64_t damaged() const { return damaged_; }

  private:
    /// Appends whose end nobody was told yet, the oldest first. Partitions are synced each at its own time.
    struct Queue {
        struct Entry {
            bool is_complete = false;
            Result<void> result{};
            OnDurable on_durable{};
        };
        std::deque<Entry> entries{};
        std::uint64_t first = 0;  ///< number of the first entry

        void complete(std::uint64_t number, const Result<void>& result);
    };

    Result<Partition*> partition_of(std::string_view group);
    Result<void> replay_partition(const Partition& partition, Visitor& visitor);
    Result<ByteBuffer> encode(const OffsetsBatch& batch, std::size_t limit);

    Broker* broker_;
    record::BatchBuilder builder_;
    /// Held by this alone: what comes back after it is gone finds nobody.
    std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
    std::int64_t unwritten_ = 0;
    std::uint64_t damaged_ = 0;
};

}  // namespace kseg::broker
