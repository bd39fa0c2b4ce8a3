// SPDX-License-Identifier: Apache-2.0
// The end of a log that another process may be writing: what came since it was last looked at, and which transactions are
// open.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/result.hpp"
#include "broker/log_segments.hpp"
#include "wal/partition_log.hpp"

namespace kseg::broker {

class LogFollower {
  public:
    /// Borrows both.
    LogFollower(io::Fs& fs, LogSegments& segments) : fs_(fs), segments_(segments) {}

    /// Begins at the end of the log as it is. Which transactions are open is known by the newest snapshot of producers in
    /// the last segment, or from that one's begin, and the headers behind it.
    /// errors   io
    Result<void> begin();
    /// Takes whole batches with a right CRC that came since, a bounded number, and tells the segments of them. What is not
    /// whole yet is looked at again the next time.
    /// errors   io
    Result<void> look();

    [[nodiscard]] const wal::LogEnd& end() const { return end_; }
    /// What is below belongs to no open transaction.
    [[nodiscard]] std::int64_t last_stable_offset() const;

  private:
    Result<std::uint64_t> take_next();
    Result<void> load_transactions();
    Result<void> open_segment(std::int64_t base);
    void apply(Bytes head, std::int64_t offset);

    io::Fs& fs_;
    LogSegments& segments_;
    wal::LogEnd end_{};
    std::shared_ptr<const io::ReadAt> file_;     // of end_.segment
    std::map<std::int64_t, std::int64_t> open_;  // the first offset of each producer's open transaction
    ByteBuffer batch_;
};

}  // namespace kseg::broker
