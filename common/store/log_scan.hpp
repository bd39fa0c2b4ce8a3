// SPDX-License-Identifier: Apache-2.0
// Answers from a log segment that has no index, or none that can be used: by reading it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "kafka/segment/range.hpp"
#include "store/answer.hpp"
#include "store/batch_filter.hpp"
#include "store/counted_files.hpp"

namespace kseg::store {

/// What all parts of a query work with. Borrows.
struct Work {
    const Request& request;
    AnswerSink& sink;
    CountedFiles& files;
    BatchFilter& filter;
};

/// A log segment to be read.
struct LogPlace {
    std::string path;
    std::int64_t base_offset = 0;
    std::int64_t next_base = kMaxRecordOffset;  ///< its batches lie before; kMaxRecordOffset is no bound
    /// The last segment of a log directory: what is unfinished at its end is no damage as long as the file of this name is
    /// locked, which says that the log is being written. Empty for any other segment.
    std::string writers_lock{};
    /// Positions of batches that were taken already.
    const std::set<std::uint64_t>* taken = nullptr;
};

enum class Ended : std::uint8_t {
    finished,  ///< all was seen
    stopped,   ///< the limit is reached, or nothing further is wanted
    failed,    ///< something else has to answer for what follows
};

struct SliceEnd {
    Ended ended = Ended::finished;
    /// Behind the last batch of the segment, where that is known; of a slice that failed, what comes next.
    std::optional<std::int64_t> offset{};
    bool whole = true;  ///< false: the segment may go on behind `offset`, which was enough
    /// Of a slice that failed: it can be asked again from this offset on, which is behind a damaged part.
    std::optional<std::int64_t> resume{};
};

/// Reads what may be in the range, which also says where to begin in the file, and gives it to the filter, which has begun
/// with it. What cannot be read is told to the sink.
/// errors   cancelled
Result<SliceEnd> scan_log(const Work& work, const LogPlace& place, SliceReport& report);

}  // namespace kseg::store
