// SPDX-License-Identifier: Apache-2.0
// A file system on a CrashDisk, and so one that can show what a power cut may leave: writes that were not synced are lost,
// torn or reordered, and so are names. Any operation can be made to fail. After a sync that failed, some of what was to be
// synced is on the disk and the rest only looks as if it were: no later sync carries it there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/fs.hpp"
#include "support/crash_disk.hpp"

namespace kseg::test {

/// What happens at an operation that is to fail.
enum class Fault : std::uint8_t {
    none,
    fail,     ///< EIO; nothing of it is done, but of a sync a part
    shorten,  ///< a write stops half way with ENOSPC; everything else fails
    cut,      ///< the power goes: half of it is done, and nothing works from then on until crash()
};

class CrashFs final : public io::Fs {
  public:
    explicit CrashFs(std::uint64_t seed = 1) : disk_(seed) {}

    /// Operations that change something, so far: the k of fail_at().
    [[nodiscard]] std::uint64_t operations() const {
        const std::lock_guard lock(mutex_);
        return operations_;
    }
    /// Makes the operations [k, k + count) fail, the first that was made being 1.
    void fail_at(std::uint64_t k, Fault fault, std::uint64_t count = 1) {
        const std::lock_guard lock(mutex_);
        fault_at_ = k;
        fault_count_ = count;
        fault_ = fault;
    }
    /// Makes every operation fail for which this says so (by the operation's name, such as "sync", and path), until it is
    /// replaced.
    void fail_when(std::function<bool(const std::string& operation, const std::string& path)> judge) {
        const std::lock_guard lock(mutex_);
        judge_ = std::move(judge);
    }
    /// Whether the power is gone.
    [[nodiscard]] bool is_cut() const {
        const std::lock_guard lock(mutex_);
        return cut_;
    }

    /// The power goes and comes again: what was not synced is kept, lost, torn or reordered as the seed says. Files and
    /// locks that are open must be let go of by then; they fail from then on.
    void crash(std::uint64_t seed) {
        const std::lock_guard lock(mutex_);
        disk_.crash(seed);
        locks_.clear();
        ++life_;
        cut_ = false;
        fault_ = Fault::none;
        judge_ = nullptr;
    }

    /// Only the process goes: everything that was written is there, and locks and open files are gone.
    void kill() {
        const std::lock_guard lock(mutex_);
        locks_.clear();
        ++life_;
        cut_ = false;
        fault_ = Fault::none;
        judge_ = nullptr;
    }

    /// Everything becomes durable.
    void settle() {
        const std::lock_guard lock(mutex_);
        disk_.settle();
    }

    // ---- what tests look at, and change behind the back of the code under test
    [[nodiscard]] std::optional<std::string> content(const std::string& path) const {
        const std::lock_guard lock(mutex_);
        const auto node = disk_.find(path);
        return node == nullptr || node->is_directory ? std::nullopt : std::optional(node->now);
    }
    /// Sets a file's content, durably.
    void put(const std::string& path, std::string content) {
        const std::lock_guard lock(mutex_);
        disk_.put(path, std::move(content));
    }
    /// A copy of the disk as it is now; open files, locks and faults stay behind.
    [[nodiscard]] std::unique_ptr<CrashFs> copy() const {
        const std::lock_guard lock(mutex_);
        auto other = std::make_unique<CrashFs>();
        other->disk_ = disk_.copy();
        return other;
    }
    /// Bytes read of a file so far, by its name.
    [[nodiscard]] std::uint64_t bytes_read(const std::string& path) const {
        const std::lock_guard lock(mutex_);
        const auto found = bytes_read_.find(path);
        return found == bytes_read_.end() ? 0 : found->second;
    }
    void forget_reads() {
        const std::lock_guard lock(mutex_);
        bytes_read_.clear();
    }

    /// Called when a file begins to be synced, before anything of it is.
    std::function<void(const std::string& path)> on_sync;

    // ---- io::Fs
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& path) override;
    Result<std::unique_ptr<io::WritableFile>> create(const std::string& path) override;
    Result<std::unique_ptr<io::WritableFile>> open_writable(const std::string& path) override;
    Result<std::optional<io::FileInfo>> info(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& directory) override;
    Result<void> make_directories(const std::string& path) override;
    Result<void> link(const std::string& from, const std::string& to) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> remove(const std::string& path) override;
    Result<void> remove_directory(const std::string& path) override;
    Result<void> sync_directory(const std::string& directory) override;
    Result<void> copy_owner(const std::string& /*from*/, const std::string& /*to*/) override { return {}; }
    Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override;
    Result<bool> is_locked(const std::string& path) override {
        const std::lock_guard lock(mutex_);
        return locks_.contains(path);
    }

  private:
    using Node = CrashDisk::Node;
    using NodePtr = CrashDisk::NodePtr;
    class OpenFile;
    class Lock;

    static Error failure(const std::string& path, std::string_view what) {
        return {.code = Errc::io, .what = std::string(what), .file = path};
    }
    static Error taken(const std::string& path) { return {.code = Errc::exists, .what = "File exists", .file = path}; }
    static Error missing(const std::string& path) { return failure(path, "No such file or directory"); }

    /// Counts an operation and says what is to happen at it.
    Fault begin(const std::string& operation, const std::string& path) {
        ++operations_;
        if (cut_) {
            return Fault::fail;
        }
        if (judge_ && judge_(operation, path)) {
            return Fault::fail;
        }
        if (fault_ == Fault::none || operations_ < fault_at_ || operations_ - fault_at_ >= fault_count_) {
            return Fault::none;
        }
        cut_ = fault_ == Fault::cut;
        return fault_;
    }

    mutable std::mutex mutex_;
    CrashDisk disk_;
    std::set<std::string> locks_;
    mutable std::map<std::string, std::uint64_t> bytes_read_;
    std::uint64_t operations_ = 0;
    std::uint64_t fault_at_ = 0;
    std::uint64_t fault_count_ = 1;
    std::uint64_t life_ = 0;
    Fault fault_ = Fault::none;
    std::function<bool(const std::string&, const std::string&)> judge_;
    bool cut_ = false;
};

class CrashFs::OpenFile final : public io::WritableFile {
  public:
    OpenFile(CrashFs& fs, NodePtr node, std::string path)
        : fs_(fs), node_(std::move(node)), path_(std::move(path)), life_(fs.life_) {}

    [[nodiscard]] Result<std::uint64_t> size() const override {
        const std::lock_guard lock(fs_.mutex_);
        if (life_ != fs_.life_) {
            return failure(path_, "stale");
        }
        return std::uint64_t{node_->now.size()};
    }

    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        const std::lock_guard lock(fs_.mutex_);
        if (life_ != fs_.life_) {
            return failure(path_, "stale");
        }
        if (offset >= node_->now.size()) {
            return std::size_t{0};
        }
        const std::size_t size = std::min<std::size_t>(into.size(), node_->now.size() - offset);
        std::copy_n(as_bytes(node_->now).begin() + static_cast<std::ptrdiff_t>(offset), size, into.begin());
        fs_.bytes_read_[path_] += size;
        return size;
    }

    Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
        const std::lock_guard lock(fs_.mutex_);
        const Fault fault = begin("write");
        std::size_t done = bytes.size();
        if (fault == Fault::fail) {
            return failure(path_, "write: Input/output error");
        }
        if (fault != Fault::none) {
            done = fs_.disk_.upto(bytes.size() == 0 ? 0 : bytes.size() - 1);
        }
        if (done != 0) {
            fs_.disk_.change(*node_, {.offset = offset, .bytes = std::string(as_text(bytes.first(done)))});
        }
        return fault == Fault::none ? Result<void>() : failure(path_, "write: No space left on device");
    }

    Result<void> resize(std::uint64_t size_bytes) override {
        const std::lock_guard lock(fs_.mutex_);
        const Fault fault = begin("resize");
        if (fault != Fault::none && (fault != Fault::cut || fs_.disk_.chance(0.5))) {
            return failure(path_, "resize: Input/output error");
        }
        fs_.disk_.change(*node_, {.offset = size_bytes, .bytes = std::nullopt});
        return fault == Fault::none ? Result<void>() : failure(path_, "resize: Input/output error");
    }

    Result<void> sync() override {
        const std::size_t covered = pending();  // what comes while it is under way need not be on the disk
        if (fs_.on_sync) {
            fs_.on_sync(path_);
        }
        const std::lock_guard lock(fs_.mutex_);
        const Fault fault = begin("sync");
        if (fault != Fault::none) {
            if (!fs_.cut_) {
                fs_.disk_.fail_sync(*node_);
            }
            return failure(path_, "sync: Input/output error");
        }
        CrashDisk::sync_content(*node_, covered);
        return {};
    }

  private:
    std::size_t pending() const {
        const std::lock_guard lock(fs_.mutex_);
        return node_->pending.size();
    }
    Fault begin(const char* operation) {
        const Fault fault = fs_.begin(operation, path_);
        return life_ == fs_.life_ ? fault : Fault::fail;
    }

    CrashFs& fs_;
    NodePtr node_;
    std::string path_;
    std::uint64_t life_;
};

class CrashFs::Lock final : public io::FileLock {
  public:
    Lock(CrashFs& fs, std::string path) : fs_(fs), path_(std::move(path)), life_(fs.life_) {}
    ~Lock() override {
        const std::lock_guard lock(fs_.mutex_);
        if (life_ == fs_.life_) {
            fs_.locks_.erase(path_);
        }
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    CrashFs& fs_;
    std::string path_;
    std::uint64_t life_;
};

inline Result<std::unique_ptr<io::ReadAt>> CrashFs::open(const std::string& path) {
    auto file = open_writable(path);
    if (!file) {
        return file.error();
    }
    return std::unique_ptr<io::ReadAt>(*std::move(file));
}

inline Result<std::unique_ptr<io::WritableFile>> CrashFs::open_writable(const std::string& path) {
    const std::lock_guard lock(mutex_);
    auto node = disk_.find_file(path);
    if (node == nullptr) {
        return missing(path);
    }
    return std::unique_ptr<io::WritableFile>(std::make_unique<OpenFile>(*this, std::move(node), path));
}

inline Result<std::unique_ptr<io::WritableFile>> CrashFs::create(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("create", path);
    if (fault != Fault::none && (fault != Fault::cut || disk_.chance(0.5))) {
        return failure(path, "create: No space left on device");
    }
    const auto directory = disk_.find_directory(CrashDisk::parent_of(path));
    if (directory == nullptr) {
        return missing(path);
    }
    if (disk_.find(path) != nullptr) {
        return taken(path);
    }
    auto node = std::make_shared<Node>();
    disk_.give_name(*directory, {.name = CrashDisk::leaf_of(path), .node = node});
    if (fault != Fault::none) {
        return failure(path, "create: Input/output error");
    }
    return std::unique_ptr<io::WritableFile>(std::make_unique<OpenFile>(*this, std::move(node), path));
}

inline Result<std::optional<io::FileInfo>> CrashFs::info(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto node = disk_.find(path);
    if (node == nullptr) {
        return std::optional<io::FileInfo>{};
    }
    return std::optional(io::FileInfo{.size = node->now.size(),
                                      .inode = reinterpret_cast<std::uintptr_t>(node.get()),
                                      .modified_ns = node->modified,
                                      .is_regular = !node->is_directory,
                                      .is_directory = node->is_directory});
}

inline Result<std::vector<std::string>> CrashFs::list(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    const auto found = disk_.find_directory(directory);
    if (found == nullptr) {
        return missing(directory);
    }
    std::vector<std::string> names;
    for (const auto& [name, node] : found->names) {
        names.push_back(name);
    }
    return names;
}

inline Result<void> CrashFs::make_directories(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (disk_.find_directory(path) != nullptr) {
        return {};
    }
    const Fault fault = begin("make_directories", path);
    if (fault != Fault::none && (fault != Fault::cut || disk_.chance(0.5))) {
        return failure(path, "mkdir: Input/output error");
    }
    disk_.make_directory(path, false);
    return fault == Fault::none ? Result<void>() : failure(path, "mkdir: Input/output error");
}

inline Result<void> CrashFs::link(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("link", to);
    if (fault != Fault::none && (fault != Fault::cut || disk_.chance(0.5))) {
        return failure(to, "link: Input/output error");
    }
    auto node = disk_.find_file(from);
    const auto target = disk_.find_directory(CrashDisk::parent_of(to));
    if (node == nullptr || target == nullptr) {
        return missing(node == nullptr ? from : to);
    }
    if (disk_.find(to) != nullptr) {
        return taken(to);
    }
    disk_.give_name(*target, {.name = CrashDisk::leaf_of(to), .node = std::move(node)});
    return fault == Fault::none ? Result<void>() : failure(to, "link: Input/output error");
}

inline Result<void> CrashFs::rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("rename", to);
    if (fault != Fault::none && (fault != Fault::cut || disk_.chance(0.5))) {
        return failure(to, "rename: Input/output error");
    }
    auto node = disk_.find(from);
    const auto directory = disk_.find_directory(CrashDisk::parent_of(to));  // within one directory only
    if (node == nullptr || directory == nullptr || directory != disk_.find_directory(CrashDisk::parent_of(from))) {
        return missing(from);
    }
    if (const auto had = disk_.find(to); had != nullptr && had != node) {
        if (had->is_directory != node->is_directory) {
            return failure(to, had->is_directory ? "rename: Is a directory" : "rename: Not a directory");
        }
        if (!had->names.empty()) {
            return failure(to, "rename: Directory not empty");
        }
    }
    disk_.give_name(*directory,
                    {.name = CrashDisk::leaf_of(to), .node = std::move(node), .moved_from = CrashDisk::leaf_of(from)});
    return fault == Fault::none ? Result<void>() : failure(to, "rename: Input/output error");
}

inline Result<void> CrashFs::remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("remove", path);
    if (fault != Fault::none && (fault != Fault::cut || disk_.chance(0.5))) {
        return failure(path, "remove: Input/output error");
    }
    if (const auto node = disk_.find(path)) {
        if (node->is_directory) {
            return failure(path, "remove: Is a directory");
        }
        disk_.give_name(*disk_.find_directory(CrashDisk::parent_of(path)),
                        {.name = CrashDisk::leaf_of(path), .node = nullptr});
    }
    return fault == Fault::none ? Result<void>() : failure(path, "remove: Input/output error");
}

inline Result<void> CrashFs::remove_directory(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("remove_directory", path);
    if (fault != Fault::none && (fault != Fault::cut || disk_.chance(0.5))) {
        return failure(path, "remove: Input/output error");
    }
    if (const auto node = disk_.find(path)) {
        if (!node->is_directory || !node->names.empty()) {
            return failure(path, node->is_directory ? "remove: Directory not empty" : "remove: Not a directory");
        }
        disk_.give_name(*disk_.find_directory(CrashDisk::parent_of(path)),
                        {.name = CrashDisk::leaf_of(path), .node = nullptr});
    }
    return fault == Fault::none ? Result<void>() : failure(path, "remove: Input/output error");
}

inline Result<void> CrashFs::sync_directory(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("sync_directory", directory);
    const auto found = disk_.find_directory(directory);
    if (found == nullptr) {
        return missing(directory);
    }
    if (fault != Fault::none) {
        return failure(directory, "sync directory: Input/output error");
    }
    CrashDisk::sync_names(*found);
    return {};
}

inline Result<std::unique_ptr<io::FileLock>> CrashFs::lock(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (begin("lock", path) != Fault::none) {
        return failure(path, "lock: Input/output error");
    }
    const auto directory = disk_.find_directory(CrashDisk::parent_of(path));
    if (directory == nullptr) {
        return missing(path);
    }
    if (disk_.find(path) == nullptr) {
        disk_.give_name(*directory, {.name = CrashDisk::leaf_of(path), .node = std::make_shared<Node>()});
    }
    if (!locks_.insert(path).second) {
        return std::unique_ptr<io::FileLock>();
    }
    return std::unique_ptr<io::FileLock>(std::make_unique<Lock>(*this, path));
}

}  // namespace kseg::test
