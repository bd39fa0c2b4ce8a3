// SPDX-License-Identifier: Apache-2.0
// A file system as writers see it, as an interface: so that a test can fail any operation, and can lose what was not
// synced. Reading alone goes by way of io/file.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::io {

/// A file open for writing. What was written is durable only after sync(), and its name only after
/// Fs::sync_directory(). Closed by the destructor, which syncs nothing.
class WritableFile : public ReadAt {
  public:
    /// Writes all of `bytes` at `offset`, beyond the end too. After an error any part of them may have been written.
    /// errors   io
    [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset, Bytes bytes) = 0;

    /// Cuts the file, or extends it with zeros.
    /// errors   io
    [[nodiscard]] virtual Result<void> resize(std::uint64_t size_bytes) = 0;

    /// Makes contents and size durable. After an error nothing is known of what was written since the last success, and a
    /// second call that succeeds says nothing of it either.
    /// errors   io
    [[nodiscard]] virtual Result<void> sync() = 0;

    /// Asks that what was written be carried to the disk by and by, so that sync() finds less to do. A hint.
    virtual void start_sync() {}
};

struct FileInfo {
    std::uint64_t size = 0;
    std::uint64_t device = 0;  ///< device and inode are the same for two names of one file
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;  ///< when its content, or the names in it, changed last; ns since 1970
    bool is_regular = false;
    bool is_directory = false;

    [[nodiscard]] bool same_file(const FileInfo& other) const { return device == other.device && inode == other.inode; }
};

/// Held until destroyed.
class FileLock {
  public:
    FileLock() = default;
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    virtual ~FileLock() = default;
};

/// Errors are Errc::io with the file named, unless said otherwise.
class Fs {
  public:
    Fs() = default;
    Fs(const Fs&) = delete;
    Fs& operator=(const Fs&) = delete;
    virtual ~Fs() = default;

    /// Opens for reading.
    virtual Result<std::unique_ptr<ReadAt>> open(const std::string& path) = 0;
    /// Makes a new, empty file.
    /// errors   exists   the name is taken
    virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
    /// Opens a file that is there, for reading and writing.
    virtual Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path) = 0;

    /// What a name stands for, links followed; nothing where it stands for nothing.
    virtual Result<std::optional<FileInfo>> info(const std::string& path) = 0;
    /// Names in a directory, without "." and "..", sorted.
    virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
    /// Makes a directory and those above it; nothing where it is there.
    virtual Result<void> make_directories(const std::string& path) = 0;

    /// Gives the file of `from` the name `to` as well.
    /// errors   exists   `to` is taken;   unsupported   the file system has no links
    virtual Result<void> link(const std::string& from, const std::string& to) = 0;
    /// Gives the file or directory of `from` the name `to` instead; what had that name loses it, which of a directory only
    /// an empty one can.
    virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    /// Takes a file's name away; nothing where there is none.
    virtual Result<void> remove(const std::string& path) = 0;
    /// Takes the name of an empty directory away; nothing where there is none.
    virtual Result<void> remove_directory(const std::string& path) = 0;
    /// Makes the names in a directory durable.
    virtual Result<void> sync_directory(const std::string& directory) = 0;
    /// Gives `to` the owner and the permissions of `from`.
    virtual Result<void> copy_owner(const std::string& from, const std::string& to) = 0;

    /// Locks a file, made where it is missing, as Kafka locks `.lock`: with a record lock over all of it, which the process
    /// loses when it closes any descriptor of that file. Null where another process or this one holds it.
    virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
    /// Whether this or another process holds that lock. Writes nothing.
    virtual Result<bool> is_locked(const std::string& path) = 0;
};

/// The file system of the machine.
Fs& posix_fs();

/// The directory that holds `path`, "." where it names none.
std::string directory_of(const std::string& path);

/// Makes a directory where it is missing, and its name durable, as those above it.
/// errors   io;   invalid   the name is that of something else
Result<void> make_durable_directory(Fs& fs, const std::string& path);

/// Removes a directory of files; nothing where there is none. Makes nothing durable.
/// errors   io, also where it holds a directory
Result<void> remove_with_files(Fs& fs, const std::string& directory);

}  // namespace kseg::io
