// SPDX-License-Identifier: Apache-2.0
// Brings a partition's directory into the state in which it may be appended to: finds where the log ends, cuts what an
// interrupted write left, makes index files again, and learns of the producers. Rules: man/kseg-wal.5, RECOVERY.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "wal/index_files.hpp"
#include "wal/options.hpp"
#include "wal/producer_state.hpp"

namespace kseg::wal {

struct RecoverRequest {
    std::string directory;
    Recovery mode = Recovery::tail;
    std::int64_t recovery_point = 0;  ///< what is below was durable
    bool clean = false;               ///< the log was closed cleanly: nothing but its end has to be looked at
};

struct RecoveredLog {
    std::vector<std::int64_t> segments{};  ///< base offsets; empty where the directory has none
    std::int64_t end_offset = 0;
    std::uint64_t active_size = 0;       ///< of the last segment
    std::uint64_t active_read_from = 0;  ///< what stands before this in it was durable
    TimestampMs active_first_time = -1;  ///< max_timestamp of its first batch
    std::optional<IndexFiles::State> active_indexes{};
    std::vector<AbortedTransaction> active_aborted{};  ///< what its transaction index has to get
    ProducerStates producers{};
    std::int32_t last_leader_epoch = -1;  ///< of the last batch that was read
    bool shortened = false;               ///< records are no longer in the log
    Findings findings{};
};

/// errors   io;   corrupt   there is damage that the mode does not let pass; nothing was changed, and the error names the
///          first of it;   unsupported   files of an interrupted compaction are there, which a broker has to finish
Result<RecoveredLog> recover(io::Fs& fs, const RecoverRequest& request);

}  // namespace kseg::wal
