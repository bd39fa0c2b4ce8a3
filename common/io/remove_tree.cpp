// SPDX-License-Identifier: Apache-2.0
#include "io/remove_tree.hpp"

#include <fmt/format.h>

namespace kseg::io {
namespace {

constexpr int kDeepest = 16;

// NOLINTNEXTLINE(misc-no-recursion): kDeepest
Result<void> remove_at(Fs& fs, const std::string& path, int depth) {
    if (depth > kDeepest) {
        return Error{.code = Errc::invalid, .what = "directories stand too deep in one another", .file = path};
    }
    const auto info = fs.info(path);
    if (!info || !info->has_value()) {
        return info ? fs.remove(path) : info.error();  // a link may lead nowhere
    }
    if (!(*info)->is_directory) {
        return fs.remove(path);
    }
    const auto names = fs.list(path);
    if (!names) {
        return names.error();
    }
    for (const std::string& name : *names) {
        if (auto removed = remove_at(fs, fmt::format("{}/{}", path, name), depth + 1); !removed) {
            return removed;
        }
    }
    return fs.remove_directory(path);
}

}  // namespace

Result<void> remove_tree(Fs& fs, const std::string& path) {
    return remove_at(fs, path, 0);
}

}  // namespace kseg::io
