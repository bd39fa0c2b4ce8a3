// SPDX-License-Identifier: Apache-2.0
// From the arguments of a command line to the files they mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/segment/log_dir.hpp"
#include "kafka/segment/side_files.hpp"
#include "report.hpp"

namespace kseg::tools {

/// One file to read.
struct Input {
    std::string path;        ///< as opened; "-" is stdin
    std::string name_below;  ///< the name below a directory that takes outputs: the file's, behind the partition's in a log
    std::optional<segment::SideFile> side_file{};
    std::optional<segment::PartitionName> partition{};
    std::optional<std::int64_t> base_offset{};  ///< of a segment in a directory, by its name
    /// Number of the directory argument that it came from, so that segments of one log are known to belong together.
    std::optional<std::size_t> log{};
    bool last_of_log = false;
    std::optional<std::int64_t> next_base_offset{};  ///< of the segment behind it in its directory
    std::uint64_t size = 0;
};

/// The segment of the same directory that comes behind `input`, if there is one by now.
std::optional<Input> next_segment(const Input& input);

/// Expands files, partition directories and log directories, in the order given. What cannot be used is reported.
std::vector<Input> expand_inputs(const std::vector<std::string>& arguments, Report& report);

}  // namespace kseg::tools
