// SPDX-License-Identifier: Apache-2.0
// The record of a partition by its time. Reads files and archives and nothing of the broker's state, so that it may run on
// any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/fs.hpp"
#include "store/archived_log.hpp"

namespace kseg::broker {

using store::TimedOffset;

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

/// What of a partition is looked at, in archives and here.
struct TimeLookup {
    std::shared_ptr<store::ArchivedLog> archived{};  ///< null: nothing of it is
    std::int64_t archived_start = 0;                 ///< archives count from here up to local.start
    LookupRange local{};
    std::optional<TimestampMs> time{};  ///< nothing: the largest is looked for
};

/// The first record at or after the time, or of the largest one. Where segments go from here to archives meanwhile it may
/// be a later one: who asks has to compare where the partition begins here afterwards.
/// errors   io;   corrupt, truncated   damage lies before it
Result<std::optional<TimedOffset>> look_up_time(io::Fs& fs, const TimeLookup& what);

}  // namespace kseg::broker
