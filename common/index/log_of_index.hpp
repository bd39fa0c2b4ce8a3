// SPDX-License-Identifier: Apache-2.0
// From a directory with a segment index to the log that it is of. Layout: man/kseg-index.5, FILES.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "index/manifest.hpp"

namespace kseg::index {

/// Whether a directory has the file that an index is told by.
bool has_manifest(const std::string& directory);

/// The manifest of the index in a directory.
/// errors   those of parse_manifest(), naming the file;   io;   too_large
Result<Manifest> read_manifest(const std::string& directory);

/// Where the manifest of the index in a directory says that its log is, by up to two paths; none where it does not say.
std::vector<std::string> named_places(const std::string& directory, const Manifest& manifest);

struct LogOfIndex {
    std::string path;
    std::uint64_t size = 0;
};

/// The log of the index in a directory: where its manifest says, else beside it, as an extracted archive has it. Of several
/// the first that has the size in the manifest, else the first.
/// errors   io   there is none
Result<LogOfIndex> find_log(const std::string& directory, const Manifest& manifest);

}  // namespace kseg::index
