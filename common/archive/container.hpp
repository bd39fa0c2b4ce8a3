// SPDX-License-Identifier: Apache-2.0
// How table and footer stand at the end of a file that is gzip or zstd to everybody else: in extra fields of empty gzip
// members, or in a skippable frame before zstd's own seek table. Layout: man/kseg-archive.5, GZIP FILE and ZSTD FILE.
#pragma once

#include <cstdint>
#include <optional>

#include "archive/table.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::archive {

enum class Format : std::uint8_t { tar_gz, tar_zst };

/// What follows the chunks in the file.
ByteBuffer encode_tail(Format format, const Table& table);

struct FoundTable {
    Format format = Format::tar_gz;
    Table table;
};

/// Finds the table of an archive. The tail is read in at most three pieces, from the end on.
/// returns  nothing where there is none: another file, or one whose footer is damaged beyond recognition
/// errors   io;   corrupt, at its place in the file;   unsupported   of another version
Result<std::optional<FoundTable>> find_table(const io::ReadAt& file, std::uint64_t file_bytes);

}  // namespace kseg::archive
