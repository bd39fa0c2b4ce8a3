// SPDX-License-Identifier: Apache-2.0
// Names in a partition's directory, and small files read and replaced by way of a file system that is handed in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/fs.hpp"

namespace kseg::wal {

/// DIR/00000000000000000042.log and the like.
std::string file_beside(const std::string& directory, std::int64_t offset, std::string_view extension);

/// Offsets of the files in a listing that have this extension, rising.
std::vector<std::int64_t> offsets_in(const std::vector<std::string>& names, std::string_view extension);

/// All of a file; empty where there is none.
/// errors   io;   too_large   it has more than 256 MiB, which none of these files has
Result<ByteBuffer> read_file(io::Fs& fs, const std::string& path);

/// Makes `content` what the file holds, durably, whole or not at all.
Result<void> replace_content(io::Fs& fs, const std::string& path, Bytes content);

/// Makes `content` what the file holds, but nothing of it durable: for what can be made again from something else.
Result<void> put_content(io::Fs& fs, const std::string& path, Bytes content);

/// Opens a file for writing, making it where it is missing.
Result<std::unique_ptr<io::WritableFile>> open_or_create(io::Fs& fs, const std::string& path);

}  // namespace kseg::wal
