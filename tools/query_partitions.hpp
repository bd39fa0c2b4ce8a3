// SPDX-License-Identifier: Apache-2.0
// Which partitions a query asks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kafka/segment/log_dir.hpp"
#include "store/listing.hpp"

namespace kseg::tools {

struct AskedPartitions {
    std::string topic;
    std::optional<std::int32_t> partition{};  ///< nothing: all of the topic
};

using Partitions = std::vector<segment::PartitionName>;

/// One at least.
/// errors   io;   invalid   there is no such topic or partition
Result<std::vector<segment::PartitionName>> find_partitions(const store::Places& places, const AskedPartitions& asked);

}  // namespace kseg::tools
