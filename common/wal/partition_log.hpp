// SPDX-License-Identifier: Apache-2.0
// One partition open for appending. Appends are made by one thread and return at once with a ticket; a sync completes all
// tickets before it. Rules: man/kseg-wal.5, DURABILITY.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/fs.hpp"
#include "kafka/record/record.hpp"
#include "wal/active_segment.hpp"
#include "wal/checkpoints.hpp"
#include "wal/options.hpp"
#include "wal/producer_state.hpp"
#include "wal/sync_pool.hpp"

namespace kseg::wal {

/// Numbers appends: a ticket is complete once a sync that began after its append has succeeded (at once under
/// SyncPolicy::none), and then so are all smaller ones.
using Ticket = std::uint64_t;

/// What is made of a batch's producer and sequence.
enum class ProducerCheck : std::uint8_t {
    none,        ///< nothing, as with what a broker copies from another
    duplicates,  ///< a batch that is there already is not appended again
    leader,      ///< what does not follow is refused too, as a partition's leader does
};

struct AppendOptions {
    bool keep_offset = false;  ///< the batch keeps its base offset, which must not lie below the log's end
    ProducerCheck producer = ProducerCheck::leader;
    bool is_checked = false;  ///< check_batch() was done
};

struct Appended {
    std::int64_t base_offset = 0;
    std::int64_t last_offset = 0;
    Ticket ticket = 0;
    bool duplicate = false;      ///< it was in the log already; the offsets are those it has there
    std::int64_t segment = 0;    ///< base offset of the segment that has it; not told of a duplicate
    std::uint64_t position = 0;  ///< where it begins in that; not told of a duplicate
};

/// Where a log ends.
struct LogEnd {
    std::int64_t offset = 0;
    std::int64_t segment = 0;    ///< base offset of the active segment
    std::uint64_t position = 0;  ///< bytes in that
};

class PartitionLog final : public Syncable {
  public:
    /// What it needs of the directory that holds it.
    struct Surroundings {
        io::Fs& fs;
        const Clock& clock;
        SyncPool& pool;
        /// Makes it durable that everything below this offset is.
        std::function<Result<void>(std::int64_t offset)> save_recovery_point;
    };
    /// Called when tickets up to this one are complete, or with the error when they and all later ones are not going to be;
    /// on a thread of the pool or on one that waits. Calls may overtake one another.
    using OnComplete = std::function<void(Ticket up_to, const Result<void>& outcome)>;

    PartitionLog(const PartitionLog&) = delete;
    PartitionLog& operator=(const PartitionLog&) = delete;
    ~PartitionLog() override;

    /// Opens what is in a directory, recovering it first, or begins an empty log. Of one that is new nothing is durable
    /// until records are: their sync takes the names of its files along.
    /// directory   is there; that its name is durable is for the caller
    static Result<std::unique_ptr<PartitionLog>> open(const Surroundings& around, std::string directory,
                                                      std::int64_t recovery_point, bool clean, const Options& options,
                                                      Findings& findings);

    // ---- by one thread
    /// Checks a batch of magic 2, gives it its offset and leader epoch in place, and writes it.
    /// errors   corrupt, unsupported   as check_batch() says;   invalid   its offset or its producer's sequence does not
    ///          follow, or the log is closed;   io   it could not be written, or an earlier sync failed. Whatever the
    ///          error, nothing of the batch is in the log and no offset is used up.
    Result<Appended> append(std::span<std::byte> batch, const AppendOptions& how = {});
    /// Seals the segment that is written to, unless it is empty, and begins the next.
    Result<void> seal();
    /// Makes everything durable, index files and state of the producers too. Nothing may be appended after.
    Result<void> close();

    /// When segments are rolled from now on, as Options has it.
    void set_limits(std::uint64_t segment_bytes, std::optional<std::int64_t> segment_age_ms);

    // ---- by any thread
    /// Waits until a ticket is complete.
    /// errors   io   it never will be
    Result<void> wait(Ticket ticket);
    /// Makes everything appended so far durable, whatever the policy.
    Result<void> sync();
    [[nodiscard]] Ticket completed() const;
    [[nodiscard]] std::int64_t end_offset() const;
    /// Offsets below this survive a power cut.
    [[nodiscard]] std::int64_t durable_offset() const;
    [[nodiscard]] std::int64_t last_stable_offset() const;
    [[nodiscard]] LogEnd end() const;
    /// What batches are stamped with.
    [[nodiscard]] std::int32_t leader_epoch() const;
    /// What append() would make of a batch's producer and sequence, were it appended now.
    [[nodiscard]] ProducerStates::Check check_producer(const record::BatchHeader& header) const;
    /// As ProducerStates::expire().
    void expire_producers(TimestampMs time);
    /// The largest producer id that the log knows of; -1 without one.
    [[nodiscard]] std::int64_t largest_producer_id() const;
    /// Why nothing can be appended any more.
    [[nodiscard]] std::optional<Error> failure() const;
    void run_sync() override;

    /// Set before the first append.
    OnComplete on_complete;

    [[nodiscard]] const std::string& directory() const { return directory_; }

  private:
    using Lock = std::unique_lock<std::mutex>;

    PartitionLog(Surroundings around, std::string directory, const Options& options)
        : around_(std::move(around)),
          directory_(std::move(directory)),
          options_(options),
          reader_(options.max_batch_bytes) {}
    Result<void> begin(std::int64_t recovery_point, bool clean, Findings& findings);
    Result<void> load_epochs(std::int64_t end_offset, std::int32_t last_epoch, bool shortened);
    Result<void> settle(Lock& lock);
    Result<void> sync_and_save(Lock& lock);
    Result<void> save_epochs();
    Result<void> sync_active();
    Result<Appended> append_locked(Lock& lock, std::span<std::byte> whole, const record::BatchHeader& header,
                                   const AppendOptions& how);
    Result<void> write_batch(std::span<std::byte> whole);
    Result<void> roll(Lock& lock, std::int64_t next_base);
    Result<void> start_segment(std::int64_t base_offset);
    void sync_step(Lock& lock);
    void checkpoint(Lock& lock, const ProducerStates& producers, std::int64_t offset, std::uint64_t size);
    Result<void> sync_all(Lock& lock);
    void note_durable(Ticket ticket, std::int64_t offset, std::uint64_t size);
    void fail(const Error& error);
    void tell(Lock& lock);
    Result<void> write_snapshot(const ProducerStates& producers, std::int64_t offset);

    Surroundings around_;
    std::string directory_;
    Options options_;
    record::RecordReader reader_;  // of the appending thread

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_. The segment is replaced only while syncing_ is held by whoever does it.
    std::unique_ptr<ActiveSegment> active_;
    ProducerStates producers_;
    std::int32_t leader_epoch_ = 0;
    std::int64_t end_offset_ = 0;
    std::size_t segments_ = 0;
    Ticket appended_ = 0;
    Ticket completed_ = 0;
    // Invariant: records below durable_offset_ survive a power cut.
    std::int64_t durable_offset_ = 0;
    // What a failure cuts back to: what is durable or was there when the log was opened, where somebody may know of it.
    std::int64_t kept_offset_ = 0;
    std::uint64_t kept_size_ = 0;        // of the active segment
    std::uint64_t checkpoint_size_ = 0;  // of the active segment, at the last checkpoint
    bool settled_ = true;                // what recovery found is durable
    std::uint64_t rewrite_from_ = 0;     // if not, from this position of the active segment on it may not be
    // What only a sync or whoever waited for its end touches: what a new log has that is not durable.
    bool names_durable_ = true;                  // of its files
    std::vector<LeaderEpoch> unsaved_epochs_{};  // empty where they are
    bool saved_ = false;                         // a close has nothing to add: since the last nothing was appended
    bool syncing_ = false;
    bool closed_ = false;
    std::optional<Error> failed_;
};

}  // namespace kseg::wal
