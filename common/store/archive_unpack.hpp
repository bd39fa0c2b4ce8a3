// SPDX-License-Identifier: Apache-2.0
// Unpacks archives of a store into a directory of segment indexes, each with its log.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"
#include "objects/object_store.hpp"
#include "store/archive_name.hpp"
#include "store/summed_read.hpp"

namespace kseg::store {

struct UnpackOptions {
    bool overwrite = false;  ///< files that are there may be replaced
    unsigned jobs = 0;       ///< threads that decompress
    io::StopFlag stop{};
    ReadNotice on_read{};
};

/// Archives of one partition and base offset, as readers prefer them: with the larger last offset, then the lower name.
/// archives   by name
std::vector<std::vector<ArchiveName>> by_segment(std::vector<ArchiveName> archives);

/// Writes an archive's members to `<directory>/<topic>-<partition>/<base offset>/`, which it returns, the manifest last:
/// what is there without one is no index. errors   exists   a file is there and may not be replaced
///          corrupt, truncated, unsupported, invalid   the archive is not what its name says, or would write elsewhere
///          io, cancelled
Result<std::string> unpack_archive(objects::ObjectStore& store, const ArchiveName& name, io::Fs& fs,
                                   const std::string& directory, const UnpackOptions& options);

}  // namespace kseg::store
