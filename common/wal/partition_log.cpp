// SPDX-License-Identifier: Apache-2.0
#include "wal/partition_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "wal/batch_check.hpp"
#include "wal/files.hpp"
#include "wal/recovery.hpp"

namespace kseg::wal {
namespace {

constexpr std::size_t kScratchKept = std::size_t{4} << 20;

}  // namespace

PartitionLog::~PartitionLog() {
    around_.pool.forget(*this);
}

Result<std::unique_ptr<PartitionLog>> PartitionLog::open(const Surroundings& around, std::string directory,
                                                         std::int64_t recovery_point, bool clean, const Options& options,
                                                         Findings& findings) {
    std::unique_ptr<PartitionLog> log(
        new PartitionLog(around, std::move(directory), options));  // NOLINT(*-owning-memory): private
    if (const auto begun = log->begin(recovery_point, clean, findings); !begun) {
        return begun.error();
    }
    return log;
}

Result<void> PartitionLog::begin(std::int64_t recovery_point, bool clean, Findings& findings) {
    auto recovered = recover(
        around_.fs, {.directory = directory_, .mode = options_.recovery, .recovery_point = recovery_point, .clean = clean});
    if (!recovered) {
        return recovered.error();
    }
    const bool as_left = recovered->findings.empty();
    std::ranges::move(recovered->findings, std::back_inserter(findings));
    producers_ = std::move(recovered->producers);
    end_offset_ = recovered->end_offset;
    segments_ = recovered->segments.size();
    if (auto loaded = load_epochs(end_offset_, recovered->last_leader_epoch, recovered->shortened); !loaded) {
        return loaded;
    }
    if (segments_ == 0) {
        names_durable_ = false;
        saved_ = true;
        return start_segment(0);
    }
    auto active =
        ActiveSegment::open(around_.fs, directory_, recovered->segments.back(), recovered->active_size,
                            recovered->active_first_time, around_.clock.now(), *std::move(recovered->active_indexes));
    if (!active) {
        return active.error();
    }
    active_ = *std::move(active);
    for (const AbortedTransaction& entry : recovered->active_aborted) {
        active_->indexes().add(entry);
    }
    if (auto flushed = active_->indexes().flush(); !flushed) {
        return flushed;
    }
    // What was written after the recovery point may be in memory only; the next sync covers it.
    durable_offset_ = clean ? end_offset_ : std::min(end_offset_, std::max(recovery_point, active_->base_offset()));
    kept_offset_ = end_offset_;
    kept_size_ = active_->size();
    checkpoint_size_ = active_->size();
    rewrite_from_ = recovered->active_read_from;
    settled_ = clean && !recovered->shortened && recovery_point <= end_offset_;
    saved_ = settled_ && as_left;
    return {};
}

/// Before anything is appended behind what recovery found, that is made durable, and the recovery point is set behind it:
/// one that lies behind the log's end would be believed once the log has grown that far. A sync of whoever had the log
/// before may have failed; then what is in memory only looks as if it were on the disk, and no sync carries it there.
/// Therefore it is written again.
Result<void> PartitionLog::settle(Lock& lock) {
    if (settled_) {
        return {};
    }
    changed_.wait(lock, [this] { return !syncing_; });
    if (settled_ || failed_) {  // meanwhile
        return failed_ ? *failed_ : Result<void>();
    }
    if (auto written = active_->write_again(rewrite_from_); !written) {
        return written.error().in_file(active_->path());
    }
    if (auto flushed = active_->indexes().flush(); !flushed) {
        return flushed;
    }
    // The last segment's name too: it may come from a roll that failed.
    if (auto synced = around_.fs.sync_directory(directory_); !synced) {
        return synced;
    }
    if (auto saved = sync_and_save(lock); !saved) {
        return saved;
    }
    settled_ = true;
    return {};
}

/// Makes all that was appended durable, and that it is.
Result<void> PartitionLog::sync_and_save(Lock& lock) {
    if (auto synced = sync_all(lock); !synced) {
        return synced;
    }
    if (auto written = write_snapshot(producers_, end_offset_); !written) {
        return written;
    }
    if (auto saved = save_epochs(); !saved) {
        return saved;
    }
    auto saved = around_.save_recovery_point(end_offset_);
    saved_ = saved.has_value();
    return saved;
}

/// Before any recovery point: what lies below one is not read again, and could not give the epochs back.
Result<void> PartitionLog::save_epochs() {
    if (unsaved_epochs_.empty()) {
        return {};
    }
    auto written = write_leader_epochs(around_.fs, directory_ + "/" + std::string(kLeaderEpochs), unsaved_epochs_);
    if (written) {
        unsaved_epochs_.clear();
    }
    return written;
}

/// The epoch that batches are stamped with: the checkpoint's last, or that of the log's last batch.
Result<void> PartitionLog::load_epochs(std::int64_t end_offset, std::int32_t last_epoch, bool shortened) {
    const std::string path = directory_ + "/" + std::string(kLeaderEpochs);
    auto epochs = read_leader_epochs(around_.fs, path);
    if (!epochs && epochs.error().code == Errc::io) {
        return epochs.error();
    }
    std::vector<LeaderEpoch> kept = epochs ? *std::move(epochs) : std::vector<LeaderEpoch>{};
    const std::size_t found = kept.size();
    if (shortened) {
        std::erase_if(kept, [end_offset](const LeaderEpoch& epoch) { return epoch.start_offset > end_offset; });
    }
    // Those that are lost are found again in the batches, as long as recovery reads all of them.
    const bool is_new = segments_ == 0;
    const bool complete = !kept.empty() && kept.size() == found;
    if (kept.empty()) {
        kept.push_back({.epoch = std::max(last_epoch, 0), .start_offset = last_epoch < 0 ? end_offset : 0});
    }
    leader_epoch_ = kept.back().epoch;
    if (complete) {
        return {};
    }
    if (is_new) {
        unsaved_epochs_ = kept;
        return put_leader_epochs(around_.fs, path, kept);
    }
    return write_leader_epochs(around_.fs, path, kept);
}

Result<Appended> PartitionLog::append(std::span<std::byte> batch, const AppendOptions& how) {
    const auto checked = how.is_checked ? record::BatchView::parse(batch, {}) : check_batch(batch, reader_);
    // One large batch must not cost its memory for good, in each of many logs.
    if (reader_.plain_body().size() > kScratchKept) {
        reader_ = record::RecordReader(options_.max_batch_bytes);
    }
    if (!checked) {
        return checked.error();
    }
    Lock lock(mutex_);
    auto appended = append_locked(lock, batch, checked->header(), how);
    const bool to_sync =
        appended && !appended->duplicate &&
        (options_.sync != SyncPolicy::none || active_->size() - kept_size_ >= options_.most_unsynced_bytes);
    lock.unlock();
    if (to_sync) {
        around_.pool.request(*this);
    }
    return appended;
}

Result<Appended> PartitionLog::append_locked(Lock& lock, std::span<std::byte> whole, const record::BatchHeader& header,
                                             const AppendOptions& how) {
    if (failed_ || closed_) {
        return failed_ ? *failed_ : Error{.code = Errc::invalid, .what = "the log is closed", .file = directory_};
    }
    // First, so that the answer to a duplicate does not speak of what may not be durable.
    if (auto settled = settle(lock); !settled) {
        return settled.error();
    }
    if (how.producer != ProducerCheck::none) {
        const ProducerStates::Check check = producers_.check(header);
        if (check.verdict == ProducerStates::Verdict::duplicate) {
            // Nothing tells how long ago the original came; with all that came so far it is durable too.
            return Appended{.base_offset = check.original.first_offset(),
                            .last_offset = check.original.last_offset,
                            .ticket = appended_,
                            .duplicate = true};
        }
        if (check.verdict != ProducerStates::Verdict::append && how.producer == ProducerCheck::leader) {
            return Error{.code = Errc::invalid, .what = check.text};
        }
    }
    record::BatchHeader placed = header;
    placed.base_offset = how.keep_offset ? header.base_offset : end_offset_;
    if (placed.base_offset < end_offset_ ||
        placed.base_offset > std::numeric_limits<std::int64_t>::max() - header.last_offset_delta - 1) {
        return Error{.code = Errc::invalid,
                     .what = fmt::format("base offset; expected {} or more, got {}", end_offset_, placed.base_offset)};
    }
    // An empty log begins where its first batch says.
    const bool moves = active_->size() == 0 && segments_ == 1 && placed.base_offset != active_->base_offset();
    if (moves || active_->must_roll_for(placed, whole.size(), around_.clock.now(), options_.segment_bytes,
                                        options_.segment_age_ms)) {
        if (auto rolled = roll(lock, placed.base_offset); !rolled) {
            return rolled.error();
        }
    }
    stamp_batch(whole, placed.base_offset, leader_epoch_);
    const std::uint64_t position = active_->size();
    if (const auto written = write_batch(whole); !written) {
        return written.error();
    }
    end_offset_ = placed.last_offset() + 1;
    ++appended_;
    if (options_.sync == SyncPolicy::none) {
        completed_ = appended_;
    }
    return Appended{.base_offset = placed.base_offset,
                    .last_offset = placed.last_offset(),
                    .ticket = appended_,
                    .segment = active_->base_offset(),
                    .position = position};
}

Result<void> PartitionLog::write_batch(std::span<std::byte> whole) {
    const record::BatchView batch = *record::BatchView::parse(whole, FileOffset{active_->size()});
    saved_ = false;
    if (auto written = active_->append(batch); !written) {
        const Error error = written.error().in_file(active_->path());
        if (active_->is_torn()) {
            fail({.code = Errc::io, .what = error.what + "; what it left could not be cut", .file = error.file});
        }
        return error;
    }
    if (const auto aborted = producers_.apply(batch)) {
        active_->indexes().add(*aborted);
    }
    // Entries that cannot be written now are written later: a record is not lost by that.
    (void)active_->indexes().flush();
    return {};
}

Result<void> PartitionLog::start_segment(std::int64_t base_offset) {
    bool log_made = false;
    auto next = ActiveSegment::create(around_.fs, directory_, base_offset, around_.clock.now(), log_made);
    if (!next) {
        if (log_made) {
            // The name may be there after a crash or not, so that nothing can be said of where records go.
            fail(next.error());
        }
        return next.error();
    }
    // The names of a log's first segment wait for its first records.
    if (names_durable_) {
        if (auto synced = around_.fs.sync_directory(directory_); !synced) {
            fail(synced.error());
            return synced;
        }
    }
    active_ = *std::move(next);
    ++segments_;
    end_offset_ = std::max(end_offset_, base_offset);
    durable_offset_ = end_offset_;
    kept_offset_ = end_offset_;
    kept_size_ = 0;
    checkpoint_size_ = 0;
    return {};
}

/// Ends the active segment and begins the next. What ends is durable before the next has its name, whatever the policy:
/// so only the last segment of a log can be torn.
Result<void> PartitionLog::roll(Lock& lock, std::int64_t next_base) {
    changed_.wait(lock, [this] { return !syncing_; });
    if (failed_) {
        return *failed_;
    }
    if (active_->size() == 0) {
        // It has no record and the next no reason to leave a gap: it goes.
        const std::int64_t old_base = active_->base_offset();
        if (auto started = start_segment(next_base); !started) {
            return started;
        }
        for (const char* const extension : {".log", ".index", ".timeindex", ".txnindex"}) {
            (void)around_.fs.remove(file_beside(directory_, old_base, extension));
        }
        --segments_;
        return around_.fs.sync_directory(directory_);
    }
    if (auto finished = active_->indexes().finish(); !finished) {
        return finished;
    }
    if (auto saved = sync_and_save(lock); !saved) {
        return saved;
    }
    return start_segment(next_base);
}

Result<void> PartitionLog::seal() {
    Lock lock(mutex_);
    if (failed_ || closed_) {
        return failed_ ? *failed_ : Error{.code = Errc::invalid, .what = "the log is closed", .file = directory_};
    }
    if (auto settled = settle(lock); !settled) {
        return settled;
    }
    return active_->size() == 0 ? Result<void>() : roll(lock, end_offset_);
}

Result<void> PartitionLog::close() {
    Lock lock(mutex_);
    changed_.wait(lock, [this] { return !syncing_; });
    if (failed_) {
        return *failed_;
    }
    if (closed_) {
        return {};
    }
    if (auto settled = settle(lock); !settled) {
        return settled;
    }
    if (!saved_ || active_->size() != 0) {
        if (auto finished = active_->indexes().finish(); !finished) {
            return finished;
        }
        if (auto saved = saved_ ? sync_all(lock) : sync_and_save(lock); !saved) {
            return saved;
        }
    }
    closed_ = true;
    return {};
}

void PartitionLog::set_limits(std::uint64_t segment_bytes, std::optional<std::int64_t> segment_age_ms) {
    const Lock lock(mutex_);
    options_.segment_bytes = segment_bytes;
    options_.segment_age_ms = segment_age_ms;
}

std::int64_t PartitionLog::end_offset() const {
    const Lock lock(mutex_);
    return end_offset_;
}

std::int64_t PartitionLog::last_stable_offset() const {
    const Lock lock(mutex_);
    return producers_.last_stable_offset(end_offset_);
}

LogEnd PartitionLog::end() const {
    const Lock lock(mutex_);
    return {.offset = end_offset_, .segment = active_->base_offset(), .position = active_->size()};
}

std::int32_t PartitionLog::leader_epoch() const {
    const Lock lock(mutex_);
    return leader_epoch_;
}

ProducerStates::Check PartitionLog::check_producer(const record::BatchHeader& header) const {
    const Lock lock(mutex_);
    return producers_.check(header);
}

void PartitionLog::expire_producers(TimestampMs time) {
    const Lock lock(mutex_);
    producers_.expire(time);
}

std::int64_t PartitionLog::largest_producer_id() const {
    const Lock lock(mutex_);
    return producers_.producers().empty() ? -1 : producers_.producers().rbegin()->first;
}

std::optional<Error> PartitionLog::failure() const {
    const Lock lock(mutex_);
    return failed_;
}

}  // namespace kseg::wal
