// SPDX-License-Identifier: Apache-2.0
// The names in a Kafka log directory, and which files of it are segments.
// Layout: man/kseg-segment.5, LOG DIRECTORY. Source: Kafka 4.1, LogFileUtils and UnifiedLog.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace kseg::segment {

/// A partition's name, as in `orders-eu-3`: the number is what follows the last hyphen.
struct PartitionName {
    std::string topic;
    std::int32_t partition = 0;

    friend auto operator<=>(const PartitionName&, const PartitionName&) = default;
};

/// The partition that a directory is named for, also where Kafka has set it aside (`orders-3.<uuid>-delete`).
std::optional<PartitionName> parse_partition_name(std::string_view directory);

/// Whether Kafka has set the directory aside: its name ends in -delete, -future or -stray behind a uuid.
bool is_set_aside(std::string_view directory);

/// Base offset of a name such as `00000000000000000042.log`; nothing for any other name.
std::optional<std::int64_t> parse_segment_name(std::string_view file, std::string_view extension = ".log");

struct SegmentFile {
    std::string path;
    std::int64_t base_offset = 0;
    std::uint64_t size = 0;
};

/// The segments of a partition's directory by base offset.
/// errors   io
Result<std::vector<SegmentFile>> list_segments(const std::string& directory);

/// The partition directories of a log directory by topic and partition, those set aside left out.
/// errors   io
Result<std::vector<std::string>> list_partitions(const std::string& directory);

/// The partition of a segment's path, from the name of the directory that holds it.
std::optional<PartitionName> partition_of(const std::string& segment_path);

}  // namespace kseg::segment
