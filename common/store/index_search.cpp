// SPDX-License-Identifier: Apache-2.0
#include "store/index_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "index/manifest.hpp"

namespace kseg::store {
namespace {

// Links may lead back up.
constexpr int kMostDepth = 32;

class Search {
  public:
    Search(io::Fs& fs, const std::function<void(const Error&)>& on_error) : fs_(fs), on_error_(on_error) {}

    // NOLINTNEXTLINE(misc-no-recursion): kMostDepth
    void visit(const std::string& directory, int depth) {
        const auto names = fs_.list(directory);
        if (!names) {
            on_error_(names.error());
            return;
        }
        const auto has = [&names](std::string_view name) { return std::ranges::find(*names, name) != names->end(); };
        if (has(index::kManifestFile)) {
            found_.push_back(directory);
            return;
        }
        if (has(index::kBatchTableFile) || has(index::kChecksumsFile)) {
            on_error_({.code = Errc::invalid,
                       .what = fmt::format("an index without its {}; make it again", index::kManifestFile),
                       .file = directory});
            return;
        }
        if (depth == kMostDepth) {
            on_error_({.code = Errc::invalid, .what = "too many directories in each other", .file = directory});
            return;
        }
        for (const std::string& name : *names) {
            const std::string path = fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", name);
            const auto info = name.starts_with('.') ? Result<std::optional<io::FileInfo>>(std::nullopt) : fs_.info(path);
            if (!info) {
                on_error_(info.error());
            } else if (info->has_value() && (*info)->is_directory) {
                visit(path, depth + 1);
            }
        }
    }

    std::vector<std::string> take() { return std::move(found_); }

  private:
    io::Fs& fs_;
    const std::function<void(const Error&)>& on_error_;
    std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> find_indexes(io::Fs& fs, const std::string& path,
                                      const std::function<void(const Error&)>& on_error) {
    bool told = false;
    const std::function<void(const Error&)> tell = [&](const Error& error) {
        told = true;
        on_error(error);
    };
    Search search(fs, tell);
    search.visit(path, 0);
    std::vector<std::string> found = search.take();
    if (found.empty() && !told) {
        on_error({.code = Errc::invalid, .what = "holds no segment index", .file = path});
    }
    return found;
}

}  // namespace kseg::store
