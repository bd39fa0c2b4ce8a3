// SPDX-License-Identifier: Apache-2.0
// Files and directories that are of use while something is made, and of which nothing is left however it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "io/sink.hpp"

namespace kseg::store {

/// A file that has no name, written from its begin to its end and then read: gone when it is closed. Where a process ends
/// between the two steps that make it, its empty file is removed by the next that makes one in this directory.
class ScratchFile final : public io::Sink {
  public:
    /// errors   io
    static Result<std::unique_ptr<ScratchFile>> create(io::Fs& fs, const std::string& directory);

    /// Removes what processes left in a directory that ended between those two steps. What others are at work with stays.
    /// errors   io
    static Result<void> remove_leftovers(io::Fs& fs, const std::string& directory);

    Result<void> write(Bytes bytes) override;
    Result<void> commit() override { return {}; }
    [[nodiscard]] const io::ReadAt& content() const { return *file_; }

  private:
    ScratchFile(std::unique_ptr<io::WritableFile> file, std::string directory)
        : file_(std::move(file)), directory_(std::move(directory)) {}

    std::unique_ptr<io::WritableFile> file_;
    std::string directory_;  // for messages
    std::uint64_t size_ = 0;
};

/// An empty directory, removed with all that is in it at the end. What a process left that did not live to do so is removed
/// by the next that needs one in the same place.
class ScratchDirectory {
  public:
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ~ScratchDirectory();

    /// Borrows the file system.
    /// errors   io
    static Result<std::unique_ptr<ScratchDirectory>> create(io::Fs& fs, const std::string& directory);

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    ScratchDirectory(io::Fs& fs, std::string path, std::string lock_path, std::unique_ptr<io::FileLock> lock)
        : fs_(fs), path_(std::move(path)), lock_path_(std::move(lock_path)), lock_(std::move(lock)) {}

    io::Fs& fs_;
    std::string path_;
    std::string lock_path_;
    std::unique_ptr<io::FileLock> lock_;
};

}  // namespace kseg::store
