// SPDX-License-Identifier: Apache-2.0
// What a file is by its first bytes.
#pragma once

#include <optional>

#include "archive/archive.hpp"
#include "base/bytes.hpp"

namespace kseg::archive {

/// Bytes of a tar header, which is what takes most to be told by.
inline constexpr std::size_t kHeadBytes = 512;

/// gzip, zstd or tar (POSIX or GNU, by its magic and the checksum of its first header), as one of the plain kinds; nothing
/// for any other file. What is compressed may be no tar stream; whether there is a table, only the end of the file tells.
/// head   the first kHeadBytes of a file, or all of a shorter one
std::optional<Kind> kind_by_head(Bytes head);

/// Whether bytes begin as a tar stream: with a header whose checksum is right, of any dialect, or with zeros.
bool begins_as_tar(Bytes head);

}  // namespace kseg::archive
