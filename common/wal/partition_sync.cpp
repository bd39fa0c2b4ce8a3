// SPDX-License-Identifier: Apache-2.0
// The part of a partition's log that makes durable what was appended. Rules: man/kseg-wal.5, DURABILITY.
#include <algorithm>

#include "wal/files.hpp"
#include "wal/partition_log.hpp"

namespace kseg::wal {
namespace {

// Of the snapshots of producers the newest are kept: one that cannot be read must not cost the whole log.
constexpr std::size_t kSnapshotsKept = 2;

Result<void> sync_files(const IndexFiles::Files& files) {
    for (io::WritableFile* const file : files) {
        if (file != nullptr) {
            if (auto synced = file->sync(); !synced) {
                return synced;
            }
        }
    }
    return {};
}

}  // namespace

/// Syncs the active segment; the first time in the life of a log, the names of its files too. Called with syncing_ set and
/// without the lock: nobody replaces the segment meanwhile.
Result<void> PartitionLog::sync_active() {
    if (!names_durable_) {
        if (auto synced = around_.fs.sync_directory(directory_); !synced) {
            return synced;
        }
        names_durable_ = true;
    }
    return active_->log().sync();
}

/// One sync for everything that was appended before it. `lock` is held before and after, and not meanwhile.
void PartitionLog::sync_step(Lock& lock) {
    syncing_ = true;
    const Ticket ticket = appended_;
    const std::int64_t offset = end_offset_;
    const std::uint64_t size = active_->size();
    const bool due = size >= checkpoint_size_ + options_.checkpoint_bytes && active_->indexes().all_written();
    const ProducerStates producers = due ? producers_ : ProducerStates();
    lock.unlock();
    const auto synced = sync_active();
    lock.lock();
    if (synced) {
        note_durable(ticket, offset, size);
        if (due) {
            tell(lock);
            checkpoint(lock, producers, offset, size);
        }
    } else {
        fail(synced.error());
    }
    syncing_ = false;
    tell(lock);
}

/// Brings the index files and the recovery point up to what is durable. Only the cost of the next recovery depends on it,
/// so what fails is tried again with a later sync; but where a sync fails, what was written is in doubt.
void PartitionLog::checkpoint(Lock& lock, const ProducerStates& producers, std::int64_t offset, std::uint64_t size) {
    const auto files = active_->indexes().files();
    lock.unlock();
    const auto synced = sync_files(files);
    auto saved = synced;
    if (saved) {
        saved = write_snapshot(producers, offset);
    }
    if (saved) {
        saved = save_epochs();
    }
    if (saved) {
        saved = around_.save_recovery_point(offset);
    }
    lock.lock();
    if (!synced) {
        fail(synced.error());
    } else if (saved) {
        checkpoint_size_ = size;
    }
}

/// Syncs the active segment and its index files; all tickets are complete then.
Result<void> PartitionLog::sync_all(Lock& lock) {
    changed_.wait(lock, [this] { return !syncing_; });
    syncing_ = true;
    const Ticket ticket = appended_;
    const std::int64_t offset = end_offset_;
    const std::uint64_t size = active_->size();
    const auto files = active_->indexes().files();
    lock.unlock();
    auto synced = sync_active();
    if (synced) {
        synced = sync_files(files);
    }
    lock.lock();
    syncing_ = false;
    if (synced) {
        note_durable(ticket, offset, size);
    } else {
        fail(synced.error());
    }
    tell(lock);
    return synced;
}

void PartitionLog::note_durable(Ticket ticket, std::int64_t offset, std::uint64_t size) {
    completed_ = std::max(completed_, ticket);
    durable_offset_ = offset;
    kept_offset_ = offset;
    kept_size_ = size;
}

/// After this nothing is appended or acknowledged until the log is opened anew. What is not durable is cut off, so that
/// nothing that only seems to be on the disk is taken for it then.
void PartitionLog::fail(const Error& error) {
    if (failed_) {
        return;
    }
    failed_ = error;
    if (active_ != nullptr) {
        (void)active_->cut(kept_size_);
    }
    end_offset_ = kept_offset_;
}

/// Wakes whoever waits, and tells the listener.
void PartitionLog::tell(Lock& lock) {
    changed_.notify_all();
    if (on_complete) {
        const Ticket up_to = failed_ ? appended_ : completed_;
        const Result<void> outcome = failed_ ? Result<void>(*failed_) : Result<void>();
        lock.unlock();
        on_complete(up_to, outcome);
        lock.lock();
    }
}

void PartitionLog::run_sync() {
    Lock lock(mutex_);
    // Somebody who waits may have done it already, or be at it.
    changed_.wait(lock, [this] { return !syncing_; });
    if (!failed_ && !closed_ && durable_offset_ != end_offset_) {
        sync_step(lock);
    }
}

Result<void> PartitionLog::wait(Ticket ticket) {
    Lock lock(mutex_);
    while (completed_ < ticket) {
        if (failed_) {
            return *failed_;
        }
        // Doing it here saves waking a thread and being woken by it.
        if (!syncing_ && options_.sync == SyncPolicy::always) {
            sync_step(lock);
        } else {
            changed_.wait(lock);
        }
    }
    return {};
}

Result<void> PartitionLog::sync() {
    Lock lock(mutex_);
    if (auto settled = settle(lock); !settled) {
        return settled;
    }
    const std::int64_t end = end_offset_;
    while (durable_offset_ < end) {
        if (failed_) {
            return *failed_;
        }
        if (syncing_) {
            changed_.wait(lock);
        } else {
            sync_step(lock);
        }
    }
    return failed_ ? *failed_ : Result<void>();
}

Ticket PartitionLog::completed() const {
    const Lock lock(mutex_);
    return completed_;
}

std::int64_t PartitionLog::durable_offset() const {
    const Lock lock(mutex_);
    return durable_offset_;
}

Result<void> PartitionLog::write_snapshot(const ProducerStates& producers, std::int64_t offset) {
    const auto names = around_.fs.list(directory_);
    if (!names) {
        return names.error();
    }
    const ByteBuffer content = producers.to_snapshot();
    if (auto written = replace_content(around_.fs, file_beside(directory_, offset, ".snapshot"), content.bytes());
        !written) {
        return written;
    }
    // As with Kafka: those of segments stay, and the newest.
    const std::vector<std::int64_t> segments = offsets_in(*names, ".log");
    std::vector<std::int64_t> old = offsets_in(*names, ".snapshot");
    std::erase_if(old, [&](std::int64_t at) { return at >= offset || std::ranges::binary_search(segments, at); });
    for (std::size_t i = 0; i + kSnapshotsKept < old.size() + 1; ++i) {
        (void)around_.fs.remove(file_beside(directory_, old[i], ".snapshot"));
    }
    return {};
}

}  // namespace kseg::wal
