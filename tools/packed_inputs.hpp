// SPDX-License-Identifier: Apache-2.0
// From archives and segment indexes to the logs that they hold or name. Layouts: man/kseg-archive.5, man/kseg-index.5.
#pragma once

#include <string>
#include <vector>

#include "archives.hpp"
#include "inputs.hpp"
#include "report.hpp"

namespace kseg::tools {

/// Adds the segments in an archive: by directory, in offset order, their partitions from the manifest beside them where
/// there is one, else from the directory's name. What cannot be used is reported.
/// logs   counts the logs that have a number; grows
void add_archived_logs(const std::string& path, Archives& archives, std::size_t& logs, std::vector<Input>& inputs,
                       Report& report);

/// Adds the log that the index in a directory is of. False where the directory is none of an index; where its manifest is
/// damaged but segments are there, that is reported and they are left to the caller.
bool add_indexed_log(const std::string& directory, std::vector<Input>& inputs, Report& report);

/// The same of the indexes that are in the directory of a partition, each in one named by its base offset; false where
/// there are none.
/// log   number of the log that they all belong to
bool add_indexed_logs(const std::string& directory, std::size_t log, std::vector<Input>& inputs, Report& report);

}  // namespace kseg::tools
