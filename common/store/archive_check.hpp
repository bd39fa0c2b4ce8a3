// SPDX-License-Identifier: Apache-2.0
// Whether an archive in a store is what its name says, and what was packed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "index/manifest.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"
#include "objects/object_store.hpp"
#include "store/archive_name.hpp"

namespace kseg::store {

struct CheckOptions {
    unsigned jobs = 0;          ///< threads that decompress
    bool deep = false;          ///< decode the log, and make index and index files anew to compare them
    std::string scratch = ".";  ///< directory for what is made anew
    io::StopFlag stop{};
    std::function<void(std::size_t bytes)> on_read{};  ///< told of what was read of the archive
};

/// Reads all of an object and compares its size and checksum with its name.
/// content   of the object
/// errors    io, cancelled;   corrupt   it is something else
Result<void> read_back(const objects::ObjectStore& store, const ArchiveName& name, const io::ReadAt& content,
                       const io::StopFlag& stop, std::function<void(std::size_t bytes)> on_read = {});

/// Reads all of an archive and verifies it: size and checksum of the object by its name, every chunk and member, log and
/// index by the manifest, and the manifest by the name. Returns the manifest: damage that was in the log when it was
/// indexed is there, and no error.
/// fs       takes what is made anew
/// errors   corrupt, truncated, unsupported, invalid   the archive is not what it should be;   io, cancelled
Result<index::Manifest> check_archive(objects::ObjectStore& store, const ArchiveName& name, io::Fs& fs,
                                      const CheckOptions& options);

}  // namespace kseg::store
