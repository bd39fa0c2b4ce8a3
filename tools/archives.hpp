// SPDX-License-Identifier: Apache-2.0
// Archives that are named on a command line: which files are some, and opening them.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "archive/archive.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::tools {

/// Opens archives and keeps the last one open: it is most often read when it has been listed, and a plain one is read to
/// its end to be opened.
class Archives {
  public:
    /// errors   io, corrupt, truncated, unsupported   naming the archive
    Result<archive::Archive> open(const std::string& path);

  private:
    std::optional<std::pair<std::string, archive::Archive>> last_;
};

/// Whether the bytes that an input begins with are those of an archive and not those of a batch.
/// head   archive::kHeadBytes of them, or what there is
bool is_archive_head(Bytes head);

/// Whether a file is an archive: by its first bytes, or by a name such as `a.tar.gz`, which damage cannot change. What
/// begins with a good batch is none.
/// errors   io
Result<bool> is_archive(const io::ReadAt& file, const std::string& path);

}  // namespace kseg::tools
