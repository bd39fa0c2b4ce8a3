// SPDX-License-Identifier: Apache-2.0
// Files opened for reading whose reads are counted: what a query has cost. Those of an archive that is open are found below
// its path, as those of a directory are.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "archive/archive.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "index/segment_index.hpp"
#include "io/fs.hpp"

namespace kseg::store {

struct ReadCounts {
    std::uint64_t files = 0;     ///< opened
    std::uint64_t requests = 0;  ///< reads
    std::uint64_t bytes = 0;     ///< that they brought

    friend ReadCounts operator-(const ReadCounts& a, const ReadCounts& b) {
        return {.files = a.files - b.files, .requests = a.requests - b.requests, .bytes = a.bytes - b.bytes};
    }
};

class CountedFiles {
  public:
    /// Borrows the file system.
    explicit CountedFiles(io::Fs& fs) : fs_(fs) {}

    /// Opens a file, which must not outlive this.
    /// errors   io, naming the file
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& path);
    /// All of a file that is a hint only; empty where it is missing, cannot be read or is larger than 256 MiB.
    ByteBuffer read_hint(const std::string& path);
    /// The files of an index, which must not outlive this.
    std::unique_ptr<index::MemberSource> members_of(const std::string& directory);
    /// The size of a regular file; nothing where there is none.
    std::optional<std::uint64_t> size_of(const std::string& path);
    /// The checksum of all of a file, where it is known without reading it, as in an archive that is not a plain one.
    [[nodiscard]] std::optional<std::uint32_t> crc32c_of(const std::string& path) const;

    /// Opens an archive: paths below its own lead to its members until another one is opened.
    /// errors   those of Archive::open()
    Result<void> open_archive(std::string path, std::unique_ptr<io::ReadAt> file, const archive::OpenOptions& options);
    void close_archive() { archive_.reset(); }

    [[nodiscard]] io::Fs& fs() const { return fs_; }
    [[nodiscard]] const ReadCounts& counts() const { return counts_; }

  private:
    [[nodiscard]] std::optional<std::string_view> member_of(std::string_view path) const;

    io::Fs& fs_;
    ReadCounts counts_;
    std::string archive_path_;
    std::optional<archive::Archive> archive_;
};

}  // namespace kseg::store
