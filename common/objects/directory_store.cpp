// SPDX-License-Identifier: Apache-2.0
#include "objects/directory_store.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/crc.hpp"

namespace kseg::objects {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;
constexpr int kMostTemporaries = 1000;
constexpr std::int64_t kNsPerMs = 1'000'000;

/// Names the object in the errors of reading it.
class NamedFile final : public io::ReadAt {
  public:
    NamedFile(std::unique_ptr<io::ReadAt> file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

    [[nodiscard]] Result<std::uint64_t> size() const override {
        auto size = file_->size();
        return size ? size : size.error().in_file(name_);
    }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        auto got = file_->read_at(offset, into);
        return got ? got : got.error().in_file(name_);
    }

  private:
    std::unique_ptr<io::ReadAt> file_;
    std::string name_;
};

/// Writes all of `content` and syncs it.
Result<void> write_all(io::WritableFile& file, const io::ReadAt& content) {
    const auto size = content.size();
    if (!size) {
        return size.error();
    }
    ByteBuffer piece;
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(*size, kCopyBytes)));
    for (std::uint64_t at = 0; at < *size;) {
        const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), *size - at));
        const auto got = content.read_at(at, {piece.data(), want});
        if (!got) {
            return got.error();
        }
        if (*got == 0) {
            return Error{.code = Errc::truncated, .what = fmt::format("ends; expected {} bytes", *size), .at = at};
        }
        if (auto written = file.write_at(at, piece.bytes().first(*got)); !written) {
            return written;
        }
        at += *got;
    }
    return file.sync();
}

class DirectoryStore final : public ObjectStore {
  public:
    DirectoryStore(io::Fs& fs, std::string root) : fs_(fs), root_(std::move(root)) {
        while (root_.size() > 1 && root_.ends_with('/')) {
            root_.pop_back();
        }
    }

    Result<void> put_if_absent(const std::string& name, const io::ReadAt& content) override;
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& name) override;
    Result<std::optional<ObjectInfo>> head(const std::string& name) override;
    Result<void> list(const std::string& prefix, const Visitor& visit) override;
    Result<void> remove(const std::string& name) override;
    Result<std::uint64_t> remove_unfinished(TimestampMs before) override;

    [[nodiscard]] std::string describe(std::string_view name) const override {
        return name.empty() ? root_ : fmt::format("{}{}{}", root_, root_.ends_with('/') ? "" : "/", name);
    }

  private:
    /// Called for each file below a directory of the store with its name; false ends the walk.
    using FileVisitor = std::function<Result<bool>(const std::string& name, const io::FileInfo& info)>;

    Result<void> make_directory(const std::string& path);
    Result<std::pair<std::string, std::unique_ptr<io::WritableFile>>> create_temporary(const std::string& path);
    Result<void> give_name(const std::string& temporary, const std::string& path);
    Result<bool> walk(const std::string& directory, std::string_view leaf_prefix, const FileVisitor& visit);
    Result<void> taken(const std::string& path);

    io::Fs& fs_;
    std::string root_;
    std::mutex mutex_;
    std::set<std::string> durable_;  // directories whose names are known to be on the disk; guarded by mutex_
};

/// Makes a directory, and it and those above it durable: also what an earlier run made and had no time to sync.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the path
Result<void> DirectoryStore::make_directory(const std::string& path) {
    if (durable_.contains(path)) {
        return {};
    }
    const auto there = fs_.info(path);
    if (!there) {
        return there.error();
    }
    if (there->has_value() && !(*there)->is_directory) {
        return Error{.code = Errc::io, .what = "is not a directory", .file = path};
    }
    const std::string above = io::directory_of(path);
    const bool below_root = path.size() > root_.size();
    if (above != path && (below_root || !there->has_value())) {
        if (auto made = make_directory(above); !made) {
            return made;
        }
    }
    if (!there->has_value()) {
        if (auto made = fs_.make_directories(path); !made) {
            return made;
        }
    }
    // What was there before the store need not be readable above it.
    if (auto synced = fs_.sync_directory(above); !synced && (below_root || !there->has_value())) {
        return synced;
    }
    durable_.insert(path);
    return {};
}

/// A new file beside `path`. Its name is made from the object's, so that what a broken run left is met by few.
Result<std::pair<std::string, std::unique_ptr<io::WritableFile>>> DirectoryStore::create_temporary(
    const std::string& path) {
    const std::string directory = io::directory_of(path);
    const std::uint32_t sum = crc32c(as_bytes(path));
    for (int i = 0;; ++i) {
        std::string name = fmt::format("{}/{}{:08x}-{}", directory, kTemporaryPrefix, sum, i);
        auto file = fs_.create(name);
        if (file) {
            return std::pair(std::move(name), *std::move(file));
        }
        if (file.error().code != Errc::exists || i == kMostTemporaries) {
            return file.error();
        }
    }
}

/// The name is taken. Whoever gave it may have had no time to make it durable.
Result<void> DirectoryStore::taken(const std::string& path) {
    if (auto synced = fs_.sync_directory(io::directory_of(path)); !synced) {
        return synced;
    }
    return Error{.code = Errc::exists, .what = "is there already", .file = path};
}

Result<void> DirectoryStore::give_name(const std::string& temporary, const std::string& path) {
    auto linked = fs_.link(temporary, path);
    if (!linked && linked.error().code == Errc::unsupported) {
        const auto there = fs_.info(path);
        if (!there) {
            return there.error();
        }
        return there->has_value() ? Error{.code = Errc::exists} : fs_.rename(temporary, path);
    }
    if (!linked && linked.error().code == Errc::exists) {
        // Over a network a link may be made and its answer lost, and be refused when it is asked for again.
        const auto ours = fs_.info(temporary);
        const auto there = fs_.info(path);
        if (ours && there && ours->has_value() && there->has_value() && (*ours)->same_file(**there)) {
            linked = {};
        }
    }
    return linked;
}

Result<void> DirectoryStore::put_if_absent(const std::string& name, const io::ReadAt& content) {
    if (auto checked = check_name(name); !checked) {
        return checked;
    }
    const std::lock_guard lock(mutex_);
    const std::string path = describe(name);
    const std::string directory = io::directory_of(path);
    if (auto made = make_directory(directory); !made) {
        return made;
    }
    const auto there = fs_.info(path);
    if (!there) {
        return there.error();
    }
    if (there->has_value()) {
        return (*there)->is_directory ? Error{.code = Errc::invalid, .what = "is a directory", .file = path} : taken(path);
    }
    auto made = create_temporary(path);
    if (!made) {
        return Error{made.error()}.in_file(path);
    }
    auto& [temporary, file] = *made;
    Result<void> done = write_all(*file, content);
    file.reset();
    if (done) {
        done = give_name(temporary, path);
    }
    // After a rename there is none. Where it cannot be removed it is only in the way of nobody.
    (void)fs_.remove(temporary);
    if (!done && done.error().code == Errc::exists) {
        return taken(path);
    }
    if (!done) {
        Error error = done.error();
        if (error.file == temporary) {
            error.file = path;
        }
        return error.in_file(path);
    }
    return fs_.sync_directory(directory);
}

Result<std::unique_ptr<io::ReadAt>> DirectoryStore::open(const std::string& name) {
    const auto found = head(name);
    if (!found) {
        return found.error();
    }
    const std::string path = describe(name);
    if (!found->has_value()) {
        return Error{.code = Errc::io, .what = "no such object", .file = path};
    }
    auto file = fs_.open(path);
    if (!file) {
        return file.error().in_file(path);
    }
    return std::unique_ptr<io::ReadAt>(std::make_unique<NamedFile>(*std::move(file), path));
}

Result<std::optional<ObjectInfo>> DirectoryStore::head(const std::string& name) {
    if (auto checked = check_name(name); !checked) {
        return checked.error();
    }
    const auto found = fs_.info(describe(name));
    if (!found) {
        return found.error();
    }
    if (!found->has_value() || !(*found)->is_regular) {
        return std::optional<ObjectInfo>();
    }
    return std::optional(ObjectInfo{.name = name, .size = (*found)->size});
}

/// Visits the files of a directory (named as in the store, "" or with '/' at its end) and of those below it, in the order
/// of their names; of its own entries only those that begin with `leaf_prefix`.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the file system
Result<bool> DirectoryStore::walk(const std::string& directory, std::string_view leaf_prefix, const FileVisitor& visit) {
    const std::string path = directory.empty() ? root_ : describe(directory.substr(0, directory.size() - 1));
    auto entries = fs_.list(path);
    if (!entries) {
        return entries.error();
    }
    std::vector<std::pair<std::string, io::FileInfo>> found;
    for (std::string& entry : *entries) {
        std::string name = directory + entry;
        if (!entry.starts_with(leaf_prefix) || name.size() > kMostNameBytes) {
            continue;
        }
        const auto info = fs_.info(describe(name));
        if (!info) {
            return info.error();
        }
        // What is neither file nor directory is none of ours, and what is gone by now was removed.
        if (info->has_value() && ((*info)->is_regular || (*info)->is_directory)) {
            // In names a directory's entries come where the '/' behind it has its place: "a-b", "a/b", "a0".
            found.emplace_back(std::move(name) + ((*info)->is_directory ? "/" : ""), **info);
        }
    }
    std::ranges::sort(found, {}, [](const auto& entry) -> const std::string& { return entry.first; });
    for (const auto& [name, info] : found) {
        auto go_on = info.is_directory ? walk(name, "", visit) : visit(name, info);
        if (!go_on || !*go_on) {
            return go_on;
        }
    }
    return true;
}

Result<void> DirectoryStore::list(const std::string& prefix, const Visitor& visit) {
    if (auto checked = check_prefix(prefix); !checked) {
        return checked;
    }
    const std::size_t slash = prefix.rfind('/');
    const std::string directory = slash == std::string::npos ? "" : prefix.substr(0, slash + 1);
    if (!directory.empty()) {
        const auto there = fs_.info(describe(directory.substr(0, slash)));
        if (!there) {
            return there.error();
        }
        if (!there->has_value() || !(*there)->is_directory) {
            return {};
        }
    }
    const auto walked = walk(directory, std::string_view(prefix).substr(directory.size()),
                             [&visit](const std::string& name, const auto& info) {
                                 return check_name(name) ? visit({.name = name, .size = info.size}) : true;
                             });
    return walked ? Result<void>() : walked.error();
}

Result<void> DirectoryStore::remove(const std::string& name) {
    if (auto checked = check_name(name); !checked) {
        return checked;
    }
    const std::string path = describe(name);
    const auto there = fs_.info(path);
    if (!there) {
        return there.error();
    }
    if (there->has_value() && (*there)->is_regular) {
        if (auto removed = fs_.remove(path); !removed) {
            return removed;
        }
    }
    // Also where it is gone already: whoever removed it may have had no time to make that durable.
    const std::string directory = io::directory_of(path);
    const auto above = fs_.info(directory);
    if (!above) {
        return above.error();
    }
    return above->has_value() && (*above)->is_directory ? fs_.sync_directory(directory) : Result<void>();
}

Result<std::uint64_t> DirectoryStore::remove_unfinished(TimestampMs before) {
    std::uint64_t removed = 0;
    const auto walked = walk("", "", [&](const std::string& name, const io::FileInfo& info) -> Result<bool> {
        const std::string_view leaf = std::string_view(name).substr(name.rfind('/') + 1);
        if (leaf.starts_with(kTemporaryPrefix) && info.modified_ns / kNsPerMs < before) {
            if (auto gone = fs_.remove(describe(name)); !gone) {
                return gone.error();
            }
            ++removed;
        }
        return true;
    });
    return walked ? Result<std::uint64_t>(removed) : walked.error();
}

}  // namespace

std::unique_ptr<ObjectStore> directory_store(io::Fs& fs, std::string root) {
    return std::make_unique<DirectoryStore>(fs, std::move(root));
}

}  // namespace kseg::objects
