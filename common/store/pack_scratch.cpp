// SPDX-License-Identifier: Apache-2.0
#include "store/pack_scratch.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/remove_tree.hpp"

namespace kseg::store {
namespace {

// Names that others may have, for good or for now.
constexpr int kMostNames = 100;

std::string scratch_name(const std::string& directory, int number) {
    return fmt::format("{}/kseg-pack-{}", directory, number);
}

}  // namespace

Result<std::unique_ptr<ScratchFile>> ScratchFile::create(io::Fs& fs, const std::string& directory) {
    for (int i = 0;; ++i) {
        const std::string name = scratch_name(directory, i);
        auto file = fs.create(name);
        if (!file && file.error().code == Errc::exists && fs.remove(name)) {
            // Whoever made it has it open, or does not live any more.
            file = fs.create(name);
        }
        if (!file) {
            if (file.error().code == Errc::exists && i < kMostNames) {
                continue;
            }
            return file.error();
        }
        if (const auto removed = fs.remove(name); !removed) {
            return removed.error();
        }
        // NOLINTNEXTLINE(*-owning-memory): private
        return std::unique_ptr<ScratchFile>(new ScratchFile(*std::move(file), directory));
    }
}

Result<void> ScratchFile::remove_leftovers(io::Fs& fs, const std::string& directory) {
    for (int i = 0; i <= kMostNames; ++i) {
        const std::string name = scratch_name(directory, i);
        const auto there = fs.info(name);
        if (!there || !there->has_value()) {
            return there ? Result<void>() : there.error();
        }
        if (auto removed = fs.remove(name); !removed) {
            return removed;
        }
    }
    return {};
}

Result<void> ScratchFile::write(Bytes bytes) {
    if (auto written = file_->write_at(size_, bytes); !written) {
        Error error = written.error();
        error.file = directory_;  // the file has no name by which anybody knows it
        return error;
    }
    size_ += bytes.size();
    return {};
}

Result<std::unique_ptr<ScratchDirectory>> ScratchDirectory::create(io::Fs& fs, const std::string& directory) {
    for (int i = 0;; ++i) {
        std::string path = fmt::format("{}/kseg-verify-{}", directory, i);
        std::string lock_path = path + ".lock";
        auto lock = fs.lock(lock_path);
        if (!lock || *lock == nullptr) {
            // Held, or of somebody else who lets nobody in.
            if (i < kMostNames) {
                continue;
            }
            return lock ? Error{.code = Errc::io, .what = "too many scratch directories are in use", .file = directory}
                        : lock.error();
        }
        // NOLINTNEXTLINE(*-owning-memory): private
        std::unique_ptr<ScratchDirectory> made(
            new ScratchDirectory(fs, std::move(path), std::move(lock_path), *std::move(lock)));
        auto ready = io::remove_tree(fs, made->path_);
        if (ready) {
            ready = fs.make_directories(made->path_);
        }
        return ready ? Result<std::unique_ptr<ScratchDirectory>>(std::move(made)) : ready.error();
    }
}

ScratchDirectory::~ScratchDirectory() {
    (void)io::remove_tree(fs_, path_);
    (void)fs_.remove(lock_path_);
}

}  // namespace kseg::store
