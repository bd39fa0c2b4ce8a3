// SPDX-License-Identifier: Apache-2.0
// The record of a partition by its time. Reads the log's files and nothing of the broker's state, so that it may run on any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/fs.hpp"

namespace kseg::broker {

struct TimedOffset {
    TimestampMs timestamp = -1;
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;
};

/// What of a partition's log is looked at.
struct LookupRange {
    std::string directory;
    std::int64_t start = 0;  ///< the first offset that counts
    std::int64_t end = 0;    ///< behind the last
};

/// The first record at or after a time.
/// errors   io;   corrupt   damage lies before it
Result<std::optional<TimedOffset>> first_at_or_after(io::Fs& fs, const LookupRange& range, TimestampMs time);

/// The first record of the largest time.
Result<std::optional<TimedOffset>> first_of_largest_time(io::Fs& fs, const LookupRange& range);

}  // namespace kseg::broker
