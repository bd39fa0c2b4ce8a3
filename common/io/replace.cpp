// SPDX-License-Identifier: Apache-2.0
#include "io/replace.hpp"

#include <fmt/format.h>

namespace kseg::io {
namespace {

// So much is handed to the disk while the rest is still being made.
constexpr std::uint64_t kStartSyncBytes = std::uint64_t{32} << 20;
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;
constexpr int kMostTemporaries = 1000;

Error taken(const std::string& path) {
    return {.code = Errc::exists, .what = "is there already; --overwrite replaces it", .file = path};
}

/// For file systems without links.
Result<void> copy_file(Fs& fs, const std::string& from, const std::string& to) {
    auto source = fs.open(from);
    if (!source) {
        return source.error();
    }
    auto made = create_temporary(fs, to);
    if (!made) {
        return made.error();
    }
    const auto& [temporary, target] = *made;
    ByteBuffer piece;
    piece.resize(kCopyBytes);
    Result<void> done;
    for (std::uint64_t at = 0; done;) {
        const auto got = (*source)->read_at(at, {piece.data(), piece.size()});
        if (!got) {
            done = got.error().in_file(from);
        } else if (*got == 0) {
            break;
        } else {
            done = target->write_at(at, piece.bytes().first(*got));
            at += *got;
        }
    }
    if (done) {
        done = target->sync();
    }
    if (done) {
        done = fs.copy_owner(from, temporary);
    }
    if (done) {
        done = fs.rename(temporary, to);
    }
    if (!done) {
        (void)fs.remove(temporary);
    }
    return done;
}

}  // namespace

std::string backup_of(const std::string& path) {
    return path + ".bak";
}

Result<std::pair<std::string, std::unique_ptr<WritableFile>>> create_temporary(Fs& fs, const std::string& path) {
    for (int i = 0;; ++i) {
        std::string name = fmt::format("{}.tmp{}", path, i);
        auto file = fs.create(name);
        if (file) {
            return std::pair(std::move(name), *std::move(file));
        }
        if (file.error().code != Errc::exists || i == kMostTemporaries) {
            // The user knows the file by its own name.
            Error error = file.error();
            error.file = path;
            return error;
        }
    }
}

Result<std::unique_ptr<Replacement>> Replacement::begin(Fs& fs, const std::string& path, const ReplaceOptions& options) {
    const auto there = fs.info(path);
    if (!there) {
        return there.error();
    }
    if (there->has_value() && !options.overwrite) {
        return taken(path);
    }
    auto made = create_temporary(fs, path);
    if (!made) {
        return made.error();
    }
    auto& [temporary, file] = *made;
    std::unique_ptr<Replacement> replacement(
        new Replacement(fs, std::move(file), std::move(temporary), path, options));  // NOLINT(*-owning-memory): private
    if (there->has_value() && options.keep_owner) {
        if (const auto kept = fs.copy_owner(path, replacement->temporary_); !kept) {
            return kept.error();
        }
    }
    return replacement;
}

Replacement::~Replacement() {
    if (!temporary_.empty()) {
        (void)fs_.remove(temporary_);
    }
}

Result<void> Replacement::write(Bytes bytes) {
    if (auto written = file_->write_at(size_, bytes); !written) {
        Error error = written.error();
        error.file = path_;
        return error;
    }
    size_ += bytes.size();
    synced_ = false;
    if (size_ - announced_ >= kStartSyncBytes) {
        file_->start_sync();
        announced_ = size_;
    }
    return {};
}

Result<void> Replacement::sync() {
    if (synced_) {
        return {};
    }
    if (auto synced = file_->sync(); !synced) {
        Error error = synced.error();
        error.file = path_;
        return error;
    }
    synced_ = true;
    return {};
}

Result<void> Replacement::keep_backup() {
    const auto there = fs_.info(path_);
    if (!there || !there->has_value()) {
        return there ? Result<void>() : there.error();
    }
    const std::string backup = backup_of(path_);
    auto linked = fs_.link(path_, backup);
    if (!linked && linked.error().code == Errc::exists) {
        return options_.overwrite_backup ? replace_backup(backup) : taken(backup);
    }
    if (!linked && linked.error().code == Errc::unsupported) {
        return copy_file(fs_, path_, backup);
    }
    return linked;
}

/// The old backup gives way only once there is the new one.
Result<void> Replacement::replace_backup(const std::string& backup) {
    const std::string beside = temporary_ + ".bak";
    if (auto linked = fs_.link(path_, beside); !linked) {
        return linked;
    }
    auto renamed = fs_.rename(beside, backup);
    if (!renamed) {
        (void)fs_.remove(beside);
    }
    return renamed;
}

Result<void> Replacement::commit() {
    if (auto synced = sync(); !synced) {
        return synced;
    }
    if (options_.backup) {
        if (auto kept = keep_backup(); !kept) {
            return kept;
        }
        // Before the rename: afterwards the backup's name is the only one that the old file has.
        if (const auto durable = fs_.sync_directory(directory_of(path_)); !durable) {
            return Error{durable.error()}.in_file(path_);
        }
    }
    // Without leave to overwrite, a link fails where somebody made the file meanwhile; a rename would replace it.
    if (!options_.overwrite) {
        auto linked = fs_.link(temporary_, path_);
        if (!linked && linked.error().code == Errc::exists) {
            return taken(path_);
        }
        if (!linked && linked.error().code != Errc::unsupported) {
            return linked;
        }
        if (linked) {
            (void)fs_.remove(temporary_);
            temporary_.clear();
        }
    }
    if (!temporary_.empty()) {
        if (auto renamed = fs_.rename(temporary_, path_); !renamed) {
            return renamed;
        }
        temporary_.clear();
    }
    const auto durable = fs_.sync_directory(directory_of(path_));
    return durable ? Result<void>() : Error{durable.error()}.in_file(path_);
}

}  // namespace kseg::io
