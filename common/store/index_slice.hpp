// SPDX-License-Identifier: Apache-2.0
// Answers from a segment that has an index, in an archive or beside its log: the index says which batches may hold what is
// asked for, and these are read from the log and looked at. An index that cannot be used is told, and the log is read
// without it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "store/listing.hpp"
#include "store/log_scan.hpp"
#include "store/router.hpp"

namespace kseg::store {

struct IndexPlace {
    std::string path;              ///< the index's directory, or the archive, which is open
    std::int64_t base_offset = 0;  ///< by its name
    std::int64_t next_base = kMaxRecordOffset;
    std::string same_log{};  ///< the log of the same base offset in the log directory; empty where there is none
    const ArchiveName* archived = nullptr;  ///< of an archive: its name, borrowed
};

struct IndexSliceEnd : SliceEnd {
    bool same_log_used = false;  ///< what the log directory has of this segment is what was read
};

/// Gives what is in the filter's range to the filter. What cannot be read is told to the sink. Failed, where neither the
/// index nor its log can answer; the same_log is left to the caller then.
/// errors   cancelled
Result<IndexSliceEnd> answer_by_index(const Work& work, const IndexPlace& place, SliceReport& report);

}  // namespace kseg::store
