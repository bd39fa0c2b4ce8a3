// SPDX-License-Identifier: Apache-2.0
// Unpacks an archive into a directory, or only looks whether that would succeed.
#pragma once

#include <string>

#include "archive/archive.hpp"
#include "base/result.hpp"
#include "io/fs.hpp"

namespace kseg::archive {

struct ExtractOptions {
    bool overwrite = false;  ///< files that are there may be replaced
    unsigned jobs = 0;       ///< threads that decompress
};

/// Writes all members below `directory`, which is made. Each file appears whole and verified, or not at all; those before
/// an error stay. Nothing is written where the archive holds what Archive::refused() names. errors   corrupt, truncated, io
/// as Archive::read_all();   exists   a file is there and may not be replaced
Result<void> extract(const Archive& archive, io::Fs& fs, const std::string& directory, const ExtractOptions& options = {});

/// Reads everything and verifies it, as Archive::read_all() does.
/// errors   corrupt   something is damaged, or archive.refused() is not empty;   truncated, io
Result<void> verify(const Archive& archive, unsigned jobs = 0);

}  // namespace kseg::archive
