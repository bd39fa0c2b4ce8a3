// SPDX-License-Identifier: Apache-2.0
// What is done with directories by way of any file system.
#include <fmt/format.h>

#include <filesystem>

#include "io/fs.hpp"

namespace kseg::io {

std::string directory_of(const std::string& path) {
    const std::string parent = std::filesystem::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the path has names
Result<void> make_durable_directory(Fs& fs, const std::string& path) {
    const auto there = fs.info(path);
    if (!there) {
        return there.error();
    }
    const std::string above = directory_of(path);
    if (there->has_value()) {
        if (!(*there)->is_directory) {
            return Error{.code = Errc::invalid, .what = "is not a directory", .file = path};
        }
        const auto names = fs.list(path);
        if (!names) {
            return names.error();
        }
        // One that holds nothing may be what an attempt left whose sync failed.
        return names->empty() ? fs.sync_directory(above) : Result<void>();
    }
    if (above != path) {
        if (auto made = make_durable_directory(fs, above); !made) {
            return made;
        }
    }
    if (auto made = fs.make_directories(path); !made) {
        return made;
    }
    return fs.sync_directory(above);
}

Result<void> remove_with_files(Fs& fs, const std::string& directory) {
    const auto there = fs.info(directory);
    if (!there || !there->has_value()) {
        return there ? Result<void>() : there.error();
    }
    const auto names = fs.list(directory);
    if (!names) {
        return names.error();
    }
    for (const std::string& name : *names) {
        if (auto removed = fs.remove(fmt::format("{}/{}", directory, name)); !removed) {
            return removed;
        }
    }
    return fs.remove_directory(directory);
}

}  // namespace kseg::io
