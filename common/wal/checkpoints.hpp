// SPDX-License-Identifier: Apache-2.0
// The text checkpoints of a log directory and of a partition's directory.
// Layout: man/kseg-segment.5, FILES BESIDE A SEGMENT. Source: Kafka 4.1, CheckpointFile, LeaderEpochCheckpointFile.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "kafka/segment/log_dir.hpp"

namespace kseg::wal {

inline constexpr std::string_view kRecoveryPoints = "recovery-point-offset-checkpoint";
inline constexpr std::string_view kLeaderEpochs = "leader-epoch-checkpoint";

/// Offsets by partition, as the checkpoints of a log directory hold them.
using PartitionOffsets = std::map<segment::PartitionName, std::int64_t>;

/// Reads one; empty where there is none.
/// errors   io;   corrupt, unsupported   it cannot be read: then nothing of it is to be trusted
Result<PartitionOffsets> read_partition_offsets(io::Fs& fs, const std::string& path);
Result<void> write_partition_offsets(io::Fs& fs, const std::string& path, const PartitionOffsets& offsets);

struct LeaderEpoch {
    std::int32_t epoch = 0;
    std::int64_t start_offset = 0;
};

/// Reads a leader-epoch-checkpoint by rising offsets; empty where there is none.
/// errors   as above
Result<std::vector<LeaderEpoch>> read_leader_epochs(io::Fs& fs, const std::string& path);
Result<void> write_leader_epochs(io::Fs& fs, const std::string& path, const std::vector<LeaderEpoch>& epochs);
/// The same without making it durable.
Result<void> put_leader_epochs(io::Fs& fs, const std::string& path, const std::vector<LeaderEpoch>& epochs);

}  // namespace kseg::wal
