// SPDX-License-Identifier: Apache-2.0
// A write-ahead log: a directory laid out as a broker's log directory, open for writing by one process.
// Layout and rules: man/kseg-wal.5, FILES and CLEAN CLOSE.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/fs.hpp"
#include "kafka/segment/log_dir.hpp"
#include "wal/checkpoints.hpp"
#include "wal/options.hpp"
#include "wal/partition_log.hpp"
#include "wal/sync_pool.hpp"

namespace kseg::wal {

/// When a partition's segments are rolled, where it is not as the Wal's options say.
struct SegmentLimits {
    std::optional<std::uint64_t> bytes{};
    std::optional<std::int64_t> age_ms{};
};

class Wal {
  public:
    Wal(const Wal&) = delete;
    Wal& operator=(const Wal&) = delete;
    /// Closes files as they are: without close() the next who opens it recovers.
    ~Wal();

    /// Takes the directory, making it where it is missing. Borrows the file system and the clock.
    /// errors   exists   another process, or this one, has it open;   io;   corrupt   a checkpoint cannot be read
    static Result<std::unique_ptr<Wal>> open(io::Fs& fs, const Clock& clock, const std::string& directory,
                                             const Options& options);

    /// Opens a partition, recovering it first, or makes it. Stays valid until the Wal is destroyed. By one thread.
    /// errors   those of recover();   invalid   the name is none that Kafka would take
    Result<PartitionLog*> partition(const segment::PartitionName& name, const SegmentLimits& limits = {});

    /// Makes a partition that is not there, and leaves it to the caller to make its directory's name durable before anybody
    /// hears of it: one sync of the log directory serves for many. What is in it becomes durable with the first records.
    /// By any thread; it has to be adopted, or be gone, before the Wal is.
    /// errors   exists   a directory of that name is there;   io;   invalid   as above
    Result<std::unique_ptr<PartitionLog>> make(const segment::PartitionName& name, const SegmentLimits& limits = {});
    /// Takes what was made among its partitions, by the thread of partition().
    PartitionLog* adopt(const segment::PartitionName& name, std::unique_ptr<PartitionLog> log) {
        return (partitions_[name] = std::move(log)).get();
    }

    /// From the next append on, of a partition that is open.
    void set_limits(const segment::PartitionName& name, const SegmentLimits& limits);

    /// Lets go of a partition and deletes its directory, which is first set aside as a broker does, so that a crash leaves
    /// all of the log or nothing that is taken for one. What the pointer of partition() stood for is gone.
    /// errors   io   it is set aside or not; either way the log is no longer open
    Result<void> remove(const segment::PartitionName& name);

    /// Closes all partitions, several at a time. Where all went well, the next who opens the directory need not recover.
    Result<void> close();

    /// What opening partitions found and did so far.
    [[nodiscard]] const Findings& findings() const { return findings_; }

  private:
    Wal(io::Fs& fs, const Clock& clock, std::string directory, const Options& options);
    [[nodiscard]] std::string path_of(std::string_view name) const { return directory_ + "/" + std::string(name); }
    Result<void> begin();
    [[nodiscard]] PartitionLog::Surroundings around(const segment::PartitionName& name);
    [[nodiscard]] Options options_for(const SegmentLimits& limits) const;
    Result<void> close_partitions();
    Result<void> save_recovery_point(const segment::PartitionName& name, std::int64_t offset);
    Result<bool> all_partitions_open();

    io::Fs& fs_;
    const Clock& clock_;
    std::string directory_;
    Options options_;
    std::unique_ptr<io::FileLock> lock_;
    bool was_clean_ = false;
    std::string marker_;  // content of the clean shutdown marker
    Findings findings_;
    std::mutex points_mutex_;
    PartitionOffsets recovery_points_;  // guarded by points_mutex_
    bool closing_ = false;              // guarded by it: they are written once, at the end
    SyncPool pool_;
    std::map<segment::PartitionName, std::unique_ptr<PartitionLog>> partitions_;
    std::uint64_t removed_ = 0;
};

}  // namespace kseg::wal
