// SPDX-License-Identifier: Apache-2.0
// Lists the members of a tar stream that somebody else wrote, by way of libarchive.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::archive {

struct TarEntry {
    std::string name;
    std::uint64_t position = 0;  ///< of its content in the stream
    std::uint64_t size = 0;
};

struct TarListing {
    std::vector<TarEntry> entries;     ///< regular files
    std::vector<std::string> refused;  ///< of other entries, and of those with names that no member may have: what is wrong
};

/// Most entries of a plain archive.
inline constexpr std::size_t kMaxTarEntries = std::size_t{1} << 17;

/// stream   the size of which is not asked for
/// errors   unsupported   it is no tar stream;   corrupt, truncated, io;   too_large   more than kMaxTarEntries
Result<TarListing> list_tar(const io::ReadAt& stream);

}  // namespace kseg::archive
