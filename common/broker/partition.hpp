// SPDX-License-Identifier: Apache-2.0
// One partition of a broker: its log, what of it may be shown, and who waits for it. By the loop's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "broker/log_follower.hpp"
#include "broker/log_segments.hpp"
#include "broker/loop.hpp"
#include "kafka/segment/log_dir.hpp"
#include "wal/checkpoints.hpp"
#include "wal/partition_log.hpp"

namespace kseg::store {
class ArchivedLog;
}  // namespace kseg::store

namespace kseg::broker {

class Partition final : public std::enable_shared_from_this<Partition> {
  public:
    struct Surroundings {
        io::Fs& fs;
        Loop& loop;
        /// What of the partition is in a store; null without one. Nobody knows what that is until learn_archives().
        std::shared_ptr<store::ArchivedLog> archived{};
        std::function<void(const Partition&)> on_sealed{};  ///< called whenever a segment was sealed
    };

    Partition(const Partition&) = delete;
    Partition& operator=(const Partition&) = delete;
    ~Partition();

    /// log         open for appending, borrowed until detach(); null where nothing is written
    /// log_start   records below it were deleted; 0 where nobody said
    /// errors   io
    static Result<std::shared_ptr<Partition>> open(const Surroundings& around, segment::PartitionName name,
                                                   std::string directory, wal::PartitionLog* log, std::int64_t log_start);

    [[nodiscard]] const segment::PartitionName& name() const { return name_; }
    [[nodiscard]] const std::string& directory() const { return segments_.directory(); }
    [[nodiscard]] bool is_read_only() const { return log_ == nullptr; }
    [[nodiscard]] std::int32_t leader_epoch() const { return leader_epoch_; }
    /// The first record that clients may have, here or in an archive; without archives_known() the first that is here.
    [[nodiscard]] std::int64_t log_start() const { return log_start_; }
    /// Records below it were deleted, as far as anybody said; whatever else is missing below log_start() may come back.
    [[nodiscard]] std::int64_t deleted_below() const { return given_start_; }
    /// The first record that is here; what is below it, from log_start() on, is in archives.
    [[nodiscard]] std::int64_t local_start() const { return std::max(log_start_, segments_.first_base()); }
    /// The archives of the partition, as they are added and taken out by the loop's thread; null without a store.
    [[nodiscard]] const std::shared_ptr<store::ArchivedLog>& archived() const { return around_.archived; }
    /// False as long as a store has not been listed: then nobody knows what is below local_start(), nor where it begins.
    [[nodiscard]] bool archives_known() const { return archives_known_; }
    /// What is below may be shown: it is as durable as the sync policy makes it.
    [[nodiscard]] std::int64_t high_watermark() const { return visible_.offset; }
    /// Behind the last record, shown or not.
    [[nodiscard]] std::int64_t end_offset() const;
    /// What is below belongs to no open transaction.
    [[nodiscard]] std::int64_t last_stable_offset() const;
    /// The largest producer id in the log; -1 without one.
    [[nodiscard]] std::int64_t largest_producer_id() const;
    /// As wal::ProducerStates::expire().
    void expire_producers(TimestampMs time);

    /// Appends a batch in place: offset and epoch are set in its bytes.
    /// errors   those of wal::PartitionLog::append();   unsupported   the partition is read-only
    Result<wal::Appended> append(std::span<std::byte> batch, const wal::AppendOptions& how = {});
    [[nodiscard]] wal::ProducerStates::Check check_producer(const record::BatchHeader& header) const;
    /// Calls `then`, later, once a ticket is complete or never will be.
    using Completion = std::function<void(const Result<void>&)>;
    void when_complete(wal::Ticket ticket, Completion then);

    /// Whole batches from an offset on, all below the high watermark or, if `stable`, the last stable offset.
    /// errors   io, corrupt
    Result<LogSegments::Slice> read(std::int64_t from, bool stable, std::uint64_t max_bytes, bool at_least_one);

    /// Where nothing is written here: takes what another process has appended since, if that was not looked at just now.
    /// Who reads or waits at the end need not call it.
    void refresh();

    /// Calls `then` whenever more can be shown, and when the partition goes; several times for one call of forget_waiter().
    using WaiterId = std::uint64_t;
    WaiterId add_waiter(std::function<void()> then);
    void forget_waiter(WaiterId waiter) { waiters_.erase(waiter); }

    /// Deletes what is below `offset`, which is at most the high watermark: whole segments; of others the beginning is no
    /// longer shown. Making log_start() durable is for the caller.
    Result<void> remove_below(std::int64_t offset);
    [[nodiscard]] Result<std::vector<LogSegments::Info>> sealed_segments() { return segments_.sealed(); }
    [[nodiscard]] std::optional<LogSegments::Bounds> first_sealed() const { return segments_.first_sealed(); }
    /// Bytes of all segments.
    [[nodiscard]] Result<std::uint64_t> size_bytes();

    /// The store was listed, and archived() has what it has of this partition, which begins at `first_archived`.
    void learn_archives(std::optional<std::int64_t> first_archived);
    /// Removes segments here whose records are all below `offset`: archives have them. log_start() stays.
    Result<void> remove_local_below(std::int64_t offset);

    /// By rising epochs.
    [[nodiscard]] const std::vector<wal::LeaderEpoch>& epochs() const { return epochs_; }
    /// The largest epoch at or below `epoch`, and where the next begins; nothing where there is none (-1, -1 in answers).
    [[nodiscard]] std::optional<wal::LeaderEpoch> end_of_epoch(std::int32_t epoch) const;

    /// Lets go of the log: whoever waits is told.
    void detach();
    [[nodiscard]] bool is_detached() const { return detached_; }

  private:
    /// What was appended and is not complete.
    struct Pending {
        wal::Ticket ticket = 0;
        wal::LogEnd end{};
    };

    Partition(const Surroundings& around, segment::PartitionName name, std::string directory, wal::PartitionLog* log)
        : around_(around), name_(std::move(name)), segments_(around.fs, std::move(directory)), log_(log) {}
    Result<void> begin(std::int64_t log_start);
    void on_synced(const Result<void>& outcome);
    void complete_up_to(wal::Ticket ticket);
    void wake_waiters();
    void keep_looking();

    Surroundings around_;
    segment::PartitionName name_;
    LogSegments segments_;
    wal::PartitionLog* log_;
    std::unique_ptr<LogFollower> follower_;  // without log_
    TimestampMs looked_ = 0;
    TimerId look_timer_ = 0;
    std::vector<wal::LeaderEpoch> epochs_;
    std::int32_t leader_epoch_ = 0;
    std::int64_t log_start_ = 0;
    std::int64_t given_start_ = 0;  // records below it were deleted
    bool archives_known_ = true;
    wal::LogEnd visible_;
    wal::Ticket completed_ = 0;
    std::deque<Pending> pending_;
    std::multimap<wal::Ticket, Completion> completions_;
    std::map<WaiterId, std::function<void()>> waiters_;
    WaiterId last_waiter_ = 0;
    bool detached_ = false;
};

}  // namespace kseg::broker
