// SPDX-License-Identifier: Apache-2.0
// What recovery takes out of a log stays beside it: nothing is thrown away before a copy of it is durable.
// Names: man/kseg-wal.5, FILES.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/fs.hpp"

namespace kseg::wal {

/// Part of a file.
struct Extent {
    std::uint64_t at = 0;
    std::uint64_t size = 0;
};

/// Copies a part of a segment into a new file beside it, `<segment>.cut-<position>`, and returns its name. Zeros take no
/// room.
Result<std::string> save_bytes(io::Fs& fs, const std::string& segment_path, const Extent& extent);

/// Gives a whole segment such a name.
Result<std::string> set_segment_aside(io::Fs& fs, const std::string& segment_path);

/// Puts a segment that holds only these parts of it in its place.
Result<void> keep_only(io::Fs& fs, const std::string& segment_path, const std::vector<Extent>& kept);

}  // namespace kseg::wal
