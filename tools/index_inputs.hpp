// SPDX-License-Identifier: Apache-2.0
// What `kseg index` takes as its input, and why it refuses the rest.
#pragma once

#include <string>

#include "base/result.hpp"
#include "index/segment_finder.hpp"

namespace kseg::tools {

/// Adds a file or directory of the command line.
/// errors   io;   invalid   no segment can be in it, or nothing tells the partition;   unsupported   a Chronik WAL
Result<void> add_index_input(const std::string& argument, index::SegmentFinder& finder);

}  // namespace kseg::tools
