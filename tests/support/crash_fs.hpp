// SPDX-License-Identifier: Apache-2.0
// A file system in memory that knows what was synced, contents and names apart, and so can show what a power cut may leave:
// writes that were not synced are lost, torn or reordered, and so are names. Any operation can be made to fail.
//
// What it takes for granted is what POSIX and Linux give: a sync of a file makes its contents and size durable but not
// its name; a sync of a directory makes the names in it durable; a rename is there or not, never half. After a sync that
// failed, some of what was to be synced is on the disk and the rest only looks as if it were: no later sync carries it
// there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/fs.hpp"

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
    explicit CrashFs(std::uint64_t seed = 1) : random_(seed) {}

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
        random_.seed(seed);
        settle_names();
        for (auto& [name, node] : files_of_disk()) {
            node->durable = surviving(*node);
            node->now = node->durable;
            node->pending.clear();
        }
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
        for (auto& [path, directory] : directories_) {
            directory.durable = directory.now;
            directory.pending.clear();
            for (auto& [name, node] : directory.now) {
                if (node != nullptr) {
                    node->durable = node->now;
                    node->pending.clear();
                }
            }
        }
    }

    // ---- what tests look at, and change behind the back of the code under test
    [[nodiscard]] std::optional<std::string> content(const std::string& path) const {
        const std::lock_guard lock(mutex_);
        const Node* const node = find(path);
        return node == nullptr ? std::nullopt : std::optional(node->now);
    }
    /// Sets a file's content, durably.
    void put(const std::string& path, std::string content) {
        const std::lock_guard lock(mutex_);
        Directory& directory = make_directory(parent_of(path), true);
        auto& node = directory.now[leaf_of(path)];
        node = std::make_shared<Node>();
        node->now = std::move(content);
        node->durable = node->now;
        directory.durable[leaf_of(path)] = node;
    }
    /// A copy of the disk as it is now; open files, locks and faults stay behind.
    [[nodiscard]] std::unique_ptr<CrashFs> copy() const {
        const std::lock_guard lock(mutex_);
        auto other = std::make_unique<CrashFs>();
        std::map<const Node*, std::shared_ptr<Node>> copies;
        const auto copied = [&copies](const std::shared_ptr<Node>& node) {
            auto& made = copies[node.get()];
            if (node != nullptr && made == nullptr) {
                made = std::make_shared<Node>(*node);
            }
            return made;
        };
        for (const auto& [path, directory] : directories_) {
            Directory& to = other->directories_[path];
            for (const auto& [name, node] : directory.now) {
                to.now[name] = copied(node);
            }
            for (const auto& [name, node] : directory.durable) {
                to.durable[name] = copied(node);
            }
            for (const NameChange& change : directory.pending) {
                to.pending.push_back(change);
                to.pending.back().node = copied(change.node);
            }
        }
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
    Result<void> sync_directory(const std::string& directory) override;
    Result<void> copy_owner(const std::string& /*from*/, const std::string& /*to*/) override { return {}; }
    Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override;
    Result<bool> is_locked(const std::string& path) override {
        const std::lock_guard lock(mutex_);
        return locks_.contains(path);
    }

  private:
    /// A write that was not synced, or, without bytes, a change of size.
    struct Change {
        std::uint64_t offset = 0;
        std::optional<std::string> bytes;
    };
    struct Node {
        std::string now;
        std::string durable;
        std::vector<Change> pending;
    };
    /// A name that was given (node) or taken away; `moved_from` loses its name in the same step.
    struct NameChange {
        std::string name;
        std::shared_ptr<Node> node;
        bool is_directory = false;
        std::string moved_from{};
    };
    struct Directory {
        std::map<std::string, std::shared_ptr<Node>> now;  // null: a directory
        std::map<std::string, std::shared_ptr<Node>> durable;
        std::vector<NameChange> pending;
    };
    class OpenFile;
    class Lock;

    static constexpr std::size_t kSector = 512;

    static std::string parent_of(const std::string& path) { return io::directory_of(path); }
    static std::string leaf_of(const std::string& path) {
        const std::size_t slash = path.rfind('/');
        return slash == std::string::npos ? path : path.substr(slash + 1);
    }
    static Error failure(const std::string& path, std::string_view what) {
        return {.code = Errc::io, .what = std::string(what), .file = path};
    }
    static Error missing(const std::string& path) { return failure(path, "No such file or directory"); }

    Node* find(const std::string& path) const {
        const auto directory = directories_.find(parent_of(path));
        if (directory == directories_.end()) {
            return nullptr;
        }
        const auto found = directory->second.now.find(leaf_of(path));
        return found == directory->second.now.end() ? nullptr : found->second.get();
    }
    Directory& make_directory(const std::string& path, bool durable) {
        if (const auto there = directories_.find(path); there != directories_.end()) {
            return there->second;
        }
        const std::string above = parent_of(path);
        if (above != path && path != "." && path != "/") {
            Directory& parent = make_directory(above, durable);
            parent.now[leaf_of(path)] = nullptr;
            if (durable) {
                parent.durable[leaf_of(path)] = nullptr;
            } else {
                parent.pending.push_back({.name = leaf_of(path), .node = nullptr, .is_directory = true});
            }
        }
        return directories_[path];
    }

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

    bool chance(double share) { return std::bernoulli_distribution(share)(random_); }
    std::size_t upto(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random_); }

    static void apply(std::string& content, const Change& change, std::size_t from, std::size_t to) {
        if (!change.bytes) {
            content.resize(change.offset, '\0');
            return;
        }
        if (content.size() < change.offset + to) {
            content.resize(change.offset + to, '\0');
        }
        std::copy(change.bytes->begin() + static_cast<std::ptrdiff_t>(from),
                  change.bytes->begin() + static_cast<std::ptrdiff_t>(to),
                  content.begin() + static_cast<std::ptrdiff_t>(change.offset + from));
    }
    static std::size_t length(const Change& change) { return change.bytes ? change.bytes->size() : 0; }

    /// The durable content plus what happened to reach the disk of what was not synced.
    std::string surviving(const Node& node) {
        const std::size_t kind = upto(4);
        if (kind == 0 || node.pending.empty()) {
            return node.durable;  // nothing did
        }
        // Sizes change in order; up to here they reached the disk.
        const std::size_t kept = kind == 1 ? node.pending.size() : upto(node.pending.size());
        std::string content = node.durable;
        for (std::size_t i = 0; i < kept; ++i) {
            const Change& change = node.pending[i];
            const bool torn = i + 1 == kept && kind == 2 && change.bytes;  // at any byte
            apply(content, change, 0, torn ? upto(length(change)) : length(change));
        }
        if (kind <= 2) {
            return content;
        }
        // Sector by sector: a sector holds what was in memory at the last moment at which it was written, if it ever was.
        for (std::size_t at = 0; at < content.size(); at += kSector) {
            const std::size_t end = std::min(at + kSector, content.size());
            if (!chance(kind == 3 ? 0.5 : 0.1)) {
                continue;
            }
            std::string sector(end - at, '\0');
            overlay(sector, at, 0, node.durable);
            const std::size_t written = upto(kept);
            for (std::size_t i = 0; i < written; ++i) {
                const Change& change = node.pending[i];
                if (change.bytes) {
                    overlay(sector, at, change.offset, *change.bytes);
                } else if (change.offset < end) {
                    const std::size_t from = std::max<std::size_t>(change.offset, at) - at;
                    std::fill(sector.begin() + static_cast<std::ptrdiff_t>(from), sector.end(), '\0');
                }
            }
            content.replace(at, end - at, sector);
        }
        return content;
    }
    /// Copies into a sector at `sector_at` what lies in it of `bytes` at `at`.
    static void overlay(std::string& sector, std::size_t sector_at, std::size_t at, const std::string& bytes) {
        const std::size_t from = std::max(sector_at, at);
        const std::size_t to = std::min(sector_at + sector.size(), at + bytes.size());
        if (from < to) {
            sector.replace(from - sector_at, to - from, bytes, from - at, to - from);
        }
    }

    void settle_names() {
        for (auto& [path, directory] : directories_) {
            const std::size_t kind = upto(3);
            const std::size_t kept = kind == 1 ? upto(directory.pending.size()) : directory.pending.size();
            for (std::size_t i = 0; i < kept; ++i) {
                if (kind == 0 || (kind == 3 && chance(0.5))) {
                    continue;
                }
                const NameChange& change = directory.pending[i];
                if (change.node == nullptr && !change.is_directory) {
                    directory.durable.erase(change.name);
                } else {
                    directory.durable[change.name] = change.node;
                }
                if (!change.moved_from.empty()) {
                    directory.durable.erase(change.moved_from);
                }
            }
            directory.now = directory.durable;
            directory.pending.clear();
        }
        // What no name leads to is gone.
        std::erase_if(directories_, [this](const auto& entry) { return !reachable(entry.first); });
    }
    bool reachable(const std::string& path) const {
        if (path == "/" || path == ".") {
            return true;
        }
        const auto above = directories_.find(parent_of(path));
        return above != directories_.end() && above->second.now.contains(leaf_of(path)) && reachable(above->first);
    }
    std::vector<std::pair<std::string, std::shared_ptr<Node>>> files_of_disk() {
        std::vector<std::pair<std::string, std::shared_ptr<Node>>> all;
        std::set<const Node*> seen;
        for (auto& [path, directory] : directories_) {
            for (auto& [name, node] : directory.now) {
                if (node != nullptr && seen.insert(node.get()).second) {
                    all.emplace_back(path + "/" + name, node);
                }
            }
        }
        return all;
    }

    mutable std::mutex mutex_;
    std::mt19937_64 random_;
    std::map<std::string, Directory> directories_{{".", {}}, {"/", {}}};
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
    OpenFile(CrashFs& fs, std::shared_ptr<Node> node, std::string path)
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
            done = fs_.upto(bytes.size() == 0 ? 0 : bytes.size() - 1);
        }
        if (done != 0) {
            Change change{.offset = offset, .bytes = std::string(as_text(bytes.first(done)))};
            apply(node_->now, change, 0, done);
            node_->pending.push_back(std::move(change));
        }
        return fault == Fault::none ? Result<void>() : failure(path_, "write: No space left on device");
    }

    Result<void> resize(std::uint64_t size_bytes) override {
        const std::lock_guard lock(fs_.mutex_);
        const Fault fault = begin("resize");
        if (fault != Fault::none && (fault != Fault::cut || fs_.chance(0.5))) {
            return failure(path_, "resize: Input/output error");
        }
        const Change change{.offset = size_bytes, .bytes = std::nullopt};
        apply(node_->now, change, 0, 0);
        node_->pending.push_back(change);
        return fault == Fault::none ? Result<void>() : failure(path_, "resize: Input/output error");
    }

    Result<void> sync() override {
        std::size_t covered = pending();
        if (fs_.on_sync) {
            fs_.on_sync(path_);
        }
        const std::lock_guard lock(fs_.mutex_);
        const Fault fault = begin("sync");
        if (fault != Fault::none) {
            if (!fs_.cut_) {
                node_->durable = fs_.surviving(*node_);
                node_->pending.clear();
            }
            return failure(path_, "sync: Input/output error");
        }
        // What came since it began need not be on the disk.
        covered = std::min(covered, node_->pending.size());
        for (std::size_t i = 0; i < covered; ++i) {
            apply(node_->durable, node_->pending[i], 0, length(node_->pending[i]));
        }
        node_->pending.erase(node_->pending.begin(), node_->pending.begin() + static_cast<std::ptrdiff_t>(covered));
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
    std::shared_ptr<Node> node_;
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
    const auto directory = directories_.find(parent_of(path));
    if (find(path) == nullptr) {
        return missing(path);
    }
    return std::unique_ptr<io::WritableFile>(
        std::make_unique<OpenFile>(*this, directory->second.now.at(leaf_of(path)), path));
}

inline Result<std::unique_ptr<io::WritableFile>> CrashFs::create(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("create", path);
    if (fault != Fault::none && (fault != Fault::cut || chance(0.5))) {
        return failure(path, "create: No space left on device");
    }
    const auto directory = directories_.find(parent_of(path));
    if (directory == directories_.end()) {
        return missing(path);
    }
    auto& node = directory->second.now[leaf_of(path)];
    if (node != nullptr) {
        Error error = failure(path, "File exists");
        error.code = Errc::exists;
        return error;
    }
    node = std::make_shared<Node>();
    directory->second.pending.push_back({.name = leaf_of(path), .node = node});
    if (fault != Fault::none) {
        return failure(path, "create: Input/output error");
    }
    return std::unique_ptr<io::WritableFile>(std::make_unique<OpenFile>(*this, node, path));
}

inline Result<std::optional<io::FileInfo>> CrashFs::info(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (const Node* const node = find(path)) {
        return std::optional(
            io::FileInfo{.size = node->now.size(), .inode = reinterpret_cast<std::uintptr_t>(node), .is_regular = true});
    }
    return directories_.contains(path) ? std::optional(io::FileInfo{.is_directory = true}) : std::optional<io::FileInfo>{};
}

inline Result<std::vector<std::string>> CrashFs::list(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    const auto found = directories_.find(directory);
    if (found == directories_.end()) {
        return missing(directory);
    }
    std::vector<std::string> names;
    for (const auto& [name, node] : found->second.now) {
        names.push_back(name);
    }
    return names;
}

inline Result<void> CrashFs::make_directories(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (directories_.contains(path)) {
        return {};
    }
    if (begin("make_directories", path) != Fault::none) {
        return failure(path, "mkdir: Input/output error");
    }
    make_directory(path, false);
    return {};
}

inline Result<void> CrashFs::link(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("link", to);
    if (fault != Fault::none && (fault != Fault::cut || chance(0.5))) {
        return failure(to, "link: Input/output error");
    }
    if (find(from) == nullptr) {
        return missing(from);
    }
    if (find(to) != nullptr) {
        Error error = failure(to, "File exists");
        error.code = Errc::exists;
        return error;
    }
    const auto node = directories_.at(parent_of(from)).now.at(leaf_of(from));
    Directory& target = directories_.at(parent_of(to));
    target.now[leaf_of(to)] = node;
    target.pending.push_back({.name = leaf_of(to), .node = node});
    return fault == Fault::none ? Result<void>() : failure(to, "link: Input/output error");
}

inline Result<void> CrashFs::rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("rename", to);
    if (fault != Fault::none && (fault != Fault::cut || chance(0.5))) {
        return failure(to, "rename: Input/output error");
    }
    if (find(from) == nullptr) {
        return missing(from);
    }
    Directory& directory = directories_.at(parent_of(to));  // within one directory only
    const auto node = directory.now.at(leaf_of(from));
    directory.now.erase(leaf_of(from));
    directory.now[leaf_of(to)] = node;
    directory.pending.push_back({.name = leaf_of(to), .node = node, .moved_from = leaf_of(from)});
    return fault == Fault::none ? Result<void>() : failure(to, "rename: Input/output error");
}

inline Result<void> CrashFs::remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("remove", path);
    if (fault != Fault::none && (fault != Fault::cut || chance(0.5))) {
        return failure(path, "remove: Input/output error");
    }
    if (find(path) != nullptr) {
        Directory& directory = directories_.at(parent_of(path));
        directory.now.erase(leaf_of(path));
        directory.pending.push_back({.name = leaf_of(path), .node = nullptr});
    }
    return fault == Fault::none ? Result<void>() : failure(path, "remove: Input/output error");
}

inline Result<void> CrashFs::sync_directory(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    const Fault fault = begin("sync_directory", directory);
    const auto found = directories_.find(directory);
    if (found == directories_.end()) {
        return missing(directory);
    }
    if (fault != Fault::none) {
        return failure(directory, "sync directory: Input/output error");
    }
    found->second.durable = found->second.now;
    found->second.pending.clear();
    return {};
}

inline Result<std::unique_ptr<io::FileLock>> CrashFs::lock(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (begin("lock", path) != Fault::none) {
        return failure(path, "lock: Input/output error");
    }
    const auto directory = directories_.find(parent_of(path));
    if (directory == directories_.end()) {
        return missing(path);
    }
    if (find(path) == nullptr) {
        auto& node = directory->second.now[leaf_of(path)];
        node = std::make_shared<Node>();
        directory->second.pending.push_back({.name = leaf_of(path), .node = node});
    }
    if (!locks_.insert(path).second) {
        return std::unique_ptr<io::FileLock>();
    }
    return std::unique_ptr<io::FileLock>(std::make_unique<Lock>(*this, path));
}

}  // namespace kseg::test
