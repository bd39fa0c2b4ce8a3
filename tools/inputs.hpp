// SPDX-License-Identifier: Apache-2.0
// From the arguments of a command line to the files they mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archives.hpp"
#include "kafka/segment/log_dir.hpp"
#include "kafka/segment/side_files.hpp"
#include "report.hpp"

namespace kseg::tools {

/// One file to read.
struct Input {
    std::string path;                     ///< as opened; "-" is stdin
    std::optional<std::string> member{};  ///< of the archive that `path` is: what is to be read
    std::string name_below;  ///< the name below a directory that takes outputs: the file's, behind the partition's in a log
    std::optional<segment::SideFile> side_file{};
    std::optional<segment::PartitionName> partition{};
    std::optional<std::int64_t> base_offset{};  ///< of a segment in a directory, by its name
    /// Number of the directory argument that it came from, so that segments of one log are known to belong together.
    std::optional<std::size_t> log{};
    bool last_of_log = false;
    bool sealed = false;                             ///< out of an archive or a segment index: it does not grow
    std::optional<std::int64_t> next_base_offset{};  ///< of the segment behind it in its directory
    std::uint64_t size = 0;
};

/// The segment of the same directory that comes behind `input`, if there is one by now.
std::optional<Input> next_segment(const Input& input);

/// Expands files, partition directories and log directories, in the order given. What cannot be used is reported.
/// archives   where they are given, archives and segment indexes are expanded too, to the logs that they hold or name
std::vector<Input> expand_inputs(const std::vector<std::string>& arguments, Report& report, Archives* archives = nullptr);

/// Bytes of all inputs together, as far as they are known.
std::uint64_t total_size(const std::vector<Input>& inputs);

/// As the user is told of it: "stdin" for "-", ARCHIVE:MEMBER for a member, otherwise the path.
std::string shown_name(const Input& input);

}  // namespace kseg::tools
