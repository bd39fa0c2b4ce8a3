// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

#include "io/fs.hpp"
#include "io/unsynced_fs.hpp"

namespace kseg::io {
namespace {

namespace stdfs = std::filesystem;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

Error error_of(int number, const std::string& path, std::string_view what = "") {
    Error error = io_error(what, number).in_file(path);
    if (number == EEXIST) {
        error.code = Errc::exists;
    }
    return error;
}

class PosixFile final : public WritableFile {
  public:
    PosixFile(Descriptor fd, std::string path, bool syncs) : fd_(std::move(fd)), path_(std::move(path)), syncs_(syncs) {}

    [[nodiscard]] Result<std::uint64_t> size() const override {
        struct stat info {};
        if (::fstat(fd_.get(), &info) != 0) {
            return error_of(errno, path_, "stat");
        }
        return static_cast<std::uint64_t>(info.st_size);
    }

    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        return read_descriptor_at(fd_.get(), offset, into);
    }

    Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
        while (!bytes.empty()) {
            const ssize_t done = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (done < 0 && errno == EINTR) {
                continue;
            }
            if (done <= 0) {
                Error error = error_of(done == 0 ? ENOSPC : errno, path_, "write");
                error.at = offset;
                return error;
            }
            bytes = bytes.subspan(static_cast<std::size_t>(done));
            offset += static_cast<std::size_t>(done);
        }
        return {};
    }

    Result<void> resize(std::uint64_t size_bytes) override {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) != 0) {
            return error_of(errno, path_, "resize");
        }
        return {};
    }

    Result<void> sync() override {
        if (syncs_ && ::fdatasync(fd_.get()) != 0) {
            return error_of(errno, path_, "sync");
        }
        return {};
    }

    void start_sync() override {
        if (syncs_) {
            ::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
        }
    }

  private:
    Descriptor fd_;
    std::string path_;
    bool syncs_;
};

/// The files that this process has locked. The system's locks belong to the process, which gets a second one of the same
/// file at any time, and loses both when it closes either.
class LockedFiles {
  public:
    using Key = std::pair<dev_t, ino_t>;

    bool insert(const Key& key) {
        const std::lock_guard lock(mutex_);
        return keys_.insert(key).second;
    }
    void erase(const Key& key) {
        const std::lock_guard lock(mutex_);
        keys_.erase(key);
    }

  private:
    std::mutex mutex_;
    std::set<Key> keys_;
};

class PosixLock final : public FileLock {
  public:
    PosixLock(Descriptor fd, LockedFiles& locked, LockedFiles::Key key)
        : fd_(std::move(fd)), locked_(locked), key_(std::move(key)) {}
    PosixLock(const PosixLock&) = delete;
    PosixLock& operator=(const PosixLock&) = delete;
    ~PosixLock() override {
        // Closed first: whoever gets the key next must not lose its lock by this one's close.
        fd_ = Descriptor();
        locked_.erase(key_);
    }

  private:
    Descriptor fd_;
    LockedFiles& locked_;
    LockedFiles::Key key_;
};

/// What all file systems of this process have locked.
struct Locking {
    std::mutex one_at_a_time;
    LockedFiles files;
};

class PosixFs final : public Fs {
  public:
    PosixFs(Locking& locking, bool syncs) : locking_(locking.one_at_a_time), locked_(locking.files), syncs_(syncs) {}

    Result<std::unique_ptr<ReadAt>> open(const std::string& path) override {
        auto file = File::open(path);
        if (!file) {
            return file.error();
        }
        return std::unique_ptr<ReadAt>(std::make_unique<File>(*std::move(file)));
    }

    Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
        return writable(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC);
    }

    Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path) override {
        return writable(path, O_RDWR | O_CLOEXEC);
    }

    Result<std::optional<FileInfo>> info(const std::string& path) override {
        struct stat found {};
        if (::stat(path.c_str(), &found) != 0) {
            if (errno == ENOENT || errno == ENOTDIR) {
                return std::optional<FileInfo>{};
            }
            return error_of(errno, path);
        }
        return std::optional(
            FileInfo{.size = static_cast<std::uint64_t>(found.st_size),
                     .device = found.st_dev,
                     .inode = found.st_ino,
                     .modified_ns = std::int64_t{found.st_mtim.tv_sec} * kNsPerSecond + found.st_mtim.tv_nsec,
                     .is_regular = S_ISREG(found.st_mode),
                     .is_directory = S_ISDIR(found.st_mode)});
    }

    Result<std::vector<std::string>> list(const std::string& directory) override {
        std::vector<std::string> names;
        std::error_code code;
        stdfs::directory_iterator entries(directory, code);
        for (; !code && entries != stdfs::directory_iterator(); entries.increment(code)) {
            names.push_back(entries->path().filename().string());
        }
        if (code) {
            return error_of(code.value(), directory);
        }
        std::ranges::sort(names);
        return names;
    }

    Result<void> make_directories(const std::string& path) override {
        std::error_code code;
        stdfs::create_directories(path, code);
        return code ? Result<void>(error_of(code.value(), path)) : Result<void>();
    }

    Result<void> link(const std::string& from, const std::string& to) override {
        if (::link(from.c_str(), to.c_str()) == 0) {
            return {};
        }
        Error error = error_of(errno, to, "link");
        if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) {
            error.code = Errc::unsupported;
        }
        return error;
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        return ::rename(from.c_str(), to.c_str()) == 0 ? Result<void>() : error_of(errno, to, "rename");
    }

    Result<void> remove(const std::string& path) override {
        return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Result<void>() : error_of(errno, path, "remove");
    }

    Result<void> remove_directory(const std::string& path) override {
        return ::rmdir(path.c_str()) == 0 || errno == ENOENT ? Result<void>() : error_of(errno, path, "remove");
    }

    Result<void> sync_directory(const std::string& directory) override {
        if (!syncs_) {
            return {};
        }
        const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return fd.valid() && ::fsync(fd.get()) == 0 ? Result<void>() : error_of(errno, directory, "sync directory");
    }

    Result<void> copy_owner(const std::string& from, const std::string& to) override {
        struct stat wanted {};
        struct stat has {};
        if (::stat(from.c_str(), &wanted) != 0 || ::stat(to.c_str(), &has) != 0) {
            return error_of(errno, to, "keep owner");
        }
        // Owner first: a change of owner takes set-id bits away.
        const bool same = wanted.st_uid == has.st_uid && wanted.st_gid == has.st_gid;
        if ((!same && ::chown(to.c_str(), wanted.st_uid, wanted.st_gid) != 0) ||
            ::chmod(to.c_str(), wanted.st_mode & 07777U) != 0) {
            return error_of(errno, to, "keep owner");
        }
        return {};
    }

    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
        const std::lock_guard one_at_a_time(locking_);
        // Asked before it is opened, since closing it again would let go of the lock that this process has.
        struct stat found {};
        if (::stat(path.c_str(), &found) == 0) {
            if (!locked_.insert({found.st_dev, found.st_ino})) {
                return std::unique_ptr<FileLock>();
            }
            locked_.erase({found.st_dev, found.st_ino});
        }
        Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
        if (!fd.valid() || ::fstat(fd.get(), &found) != 0) {
            return error_of(errno, path);
        }
        struct flock all {};
        all.l_type = F_WRLCK;
        all.l_whence = SEEK_SET;
        if (::fcntl(fd.get(), F_SETLK, &all) != 0) {
            if (errno == EACCES || errno == EAGAIN) {
                return std::unique_ptr<FileLock>();
            }
            return error_of(errno, path, "lock");
        }
        const LockedFiles::Key key{found.st_dev, found.st_ino};
        locked_.insert(key);
        return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(std::move(fd), locked_, key));
    }

    Result<bool> is_locked(const std::string& path) override {
        const std::lock_guard one_at_a_time(locking_);
        struct stat found {};
        if (::stat(path.c_str(), &found) != 0) {
            return errno == ENOENT || errno == ENOTDIR ? Result<bool>(false) : error_of(errno, path);
        }
        // Asked before it is opened, since closing it again would let go of the lock that this process has.
        if (!locked_.insert({found.st_dev, found.st_ino})) {
            return true;
        }
        locked_.erase({found.st_dev, found.st_ino});
        const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        struct flock all {};
        all.l_type = F_WRLCK;
        all.l_whence = SEEK_SET;
        if (!fd.valid() || ::fcntl(fd.get(), F_GETLK, &all) != 0) {
            return error_of(errno, path, "lock");
        }
        return all.l_type != F_UNLCK;
    }

  private:
    [[nodiscard]] Result<std::unique_ptr<WritableFile>> writable(const std::string& path, int flags) const {
        Descriptor fd(::open(path.c_str(), flags, 0666));
        if (!fd.valid()) {
            return error_of(errno, path);
        }
        return std::unique_ptr<WritableFile>(std::make_unique<PosixFile>(std::move(fd), path, syncs_));
    }

    std::mutex& locking_;
    LockedFiles& locked_;
    bool syncs_;
};

Locking& locking() {
    static Locking locking;
    return locking;
}

}  // namespace

Fs& posix_fs() {
    static PosixFs fs(locking(), true);
    return fs;
}

Fs& unsynced_fs() {
    static PosixFs fs(locking(), false);
    return fs;
}

}  // namespace kseg::io
