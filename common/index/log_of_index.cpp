// SPDX-License-Identifier: Apache-2.0
#include "index/log_of_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "io/file.hpp"

namespace kseg::index {
namespace {

namespace fs = std::filesystem;

}  // namespace

bool has_manifest(const std::string& directory) {
    std::error_code code;
    return fs::is_regular_file(fs::path(directory) / kManifestFile, code);
}

Result<Manifest> read_manifest(const std::string& directory) {
    const std::string path = (fs::path(directory) / kManifestFile).string();
    const auto content = io::read_small_file(path, kMostManifestBytes);
    return content ? parse_manifest(content->bytes(), path) : content.error().in_file(path);
}

std::vector<std::string> named_places(const std::string& directory, const Manifest& manifest) {
    if (manifest.log_path.empty()) {
        return {};
    }
    // Without the dots it reads better; where links are on the way it may be another file.
    const fs::path named = fs::path(directory) / manifest.log_path;
    return {named.lexically_normal().string(), named.string()};
}

Result<LogOfIndex> find_log(const std::string& directory, const Manifest& manifest) {
    std::optional<LogOfIndex> found;
    std::vector<std::string> tried;
    std::vector<std::string> places = named_places(directory, manifest);
    places.push_back((fs::path(directory) / fmt::format("{:020}.log", manifest.base_offset)).lexically_normal().string());
    for (const std::string& place : places) {
        const fs::path path = place;
        if (const std::string normal = path.lexically_normal().string(); std::ranges::find(tried, normal) == tried.end()) {
            tried.push_back(normal);
        }
        std::error_code code;
        if (!fs::is_regular_file(path, code)) {
            continue;
        }
        const std::uintmax_t size = fs::file_size(path, code);
        if (!code && (!found || (found->size != manifest.log_size && size == manifest.log_size))) {
            found = LogOfIndex{.path = place, .size = size};
        }
    }
    if (found) {
        return *std::move(found);
    }
    return Error{.code = Errc::io,
                 .what = fmt::format("the log of this index is missing; looked for {}", fmt::join(tried, " and ")),
                 .file = directory};
}

}  // namespace kseg::index
