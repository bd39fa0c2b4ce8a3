// SPDX-License-Identifier: Apache-2.0
// The names of Chronik's WAL files: wal/<topic>/<partition>/wal_<partition>_<n>.log.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "kafka/segment/log_dir.hpp"

namespace kseg::wal {

/// Whether a file's name is wal_<partition>_<n>.log.
bool is_chronik_name(std::string_view file);

/// The partition of a file, from its own name and those of the directories that hold it.
std::optional<segment::PartitionName> chronik_partition_of(const std::string& path);

struct ChronikFile {
    std::string path;
    std::optional<segment::PartitionName> partition{};
    std::uint64_t number = 0;  ///< the n of its name
    std::uint64_t size = 0;
    bool last = false;  ///< of its partition
};

/// The WAL files of a partition's directory, or of a topic's or WAL directory above it, by topic, partition and number.
/// errors   io
Result<std::vector<ChronikFile>> list_chronik_files(const std::string& directory);

}  // namespace kseg::wal
