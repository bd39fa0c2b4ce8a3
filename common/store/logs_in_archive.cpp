// SPDX-License-Identifier: Apache-2.0
#include "store/logs_in_archive.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

#include "io/read_all.hpp"

namespace kseg::store {
namespace {

/// Of "a/b/", "b".
std::string last_part(const std::string& directory) {
    return std::filesystem::path(directory.substr(0, directory.empty() ? 0 : directory.size() - 1)).filename().string();
}

}  // namespace

std::vector<LogInArchive> logs_in(const archive::Archive& archive) {
    std::map<std::string, LogInArchive> by_directory;
    for (const archive::Member& member : archive.members()) {
        const std::size_t name_at = member.name.rfind('/') + 1;  // 0 without a slash
        const std::string name = member.name.substr(name_at);
        if (const auto base_offset = segment::parse_segment_name(name)) {
            LogInArchive& log = by_directory[member.name.substr(0, name_at)];
            log.segments.push_back({.member = member, .name = name, .base_offset = *base_offset});
        }
    }
    std::vector<LogInArchive> logs;
    for (auto& [directory, log] : by_directory) {
        log.directory = directory;
        log.partition = segment::parse_partition_name(last_part(directory));
        logs.push_back(std::move(log));
    }
    const auto set_aside = [](const LogInArchive& log) { return segment::is_set_aside(last_part(log.directory)); };
    if (!std::ranges::all_of(logs, set_aside)) {
        std::erase_if(logs, set_aside);
    }
    std::ranges::stable_sort(logs, [](const auto& a, const auto& b) { return a.partition < b.partition; });
    return logs;
}

Result<std::optional<index::Manifest>> manifest_in(const archive::Archive& archive, const std::string& directory) {
    const std::string name = directory + std::string(index::kManifestFile);
    if (archive.find(name) == nullptr) {
        return std::optional<index::Manifest>();
    }
    const std::string shown = archive.name() + ":" + name;
    const auto file = archive.open_member(name);
    const auto content = file ? io::read_all(**file, index::kMostManifestBytes) : Result<ByteBuffer>(file.error());
    auto manifest = content ? index::parse_manifest(content->bytes(), shown) : Result<index::Manifest>(content.error());
    return manifest ? std::optional(*std::move(manifest))
                    : Result<std::optional<index::Manifest>>(manifest.error().in_file(shown));
}

}  // namespace kseg::store
