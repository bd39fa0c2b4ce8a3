// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/log_dir.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace kseg::segment {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kOffsetDigits = 20;
constexpr std::size_t kUuidDigits = 32;
constexpr std::size_t kTopicBytes = 249;

/// The name without ".<uuid>-delete" and its like; all of it where it has none.
std::string_view without_suffix(std::string_view name) {
    for (const std::string_view suffix : {"-delete", "-future", "-stray"}) {
        if (name.ends_with(suffix) && name.size() > suffix.size() + kUuidDigits + 1) {
            const std::string_view rest = name.substr(0, name.size() - suffix.size());
            const std::size_t dot = rest.size() - kUuidDigits - 1;
            if (rest[dot] == '.' && rest.find_first_not_of("0123456789abcdef", dot + 1) == std::string_view::npos) {
                return rest.substr(0, dot);
            }
        }
    }
    return name;
}

bool is_topic(std::string_view name) {
    return !name.empty() && name.size() <= kTopicBytes && name != "." && name != ".." &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                      c == '-';
           });
}

Error list_error(const std::string& directory, const std::error_code& code) {
    return io_error("", code.value()).in_file(directory);
}

}  // namespace

std::optional<PartitionName> parse_partition_name(std::string_view directory) {
    const std::string_view name = without_suffix(directory);
    const std::size_t hyphen = name.rfind('-');
    if (hyphen == std::string_view::npos || !is_topic(name.substr(0, hyphen))) {
        return std::nullopt;
    }
    const std::string_view digits = name.substr(hyphen + 1);
    std::int32_t partition = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), partition);
    if (error != std::errc{} || end != digits.data() + digits.size() || partition < 0) {
        return std::nullopt;
    }
    return PartitionName{.topic = std::string(name.substr(0, hyphen)), .partition = partition};
}

bool is_set_aside(std::string_view directory) {
    return directory.ends_with("-delete") || directory.ends_with("-future") || directory.ends_with("-stray");
}

std::optional<std::int64_t> parse_segment_name(std::string_view file, std::string_view extension) {
    if (file.size() != kOffsetDigits + extension.size() || !file.ends_with(extension)) {
        return std::nullopt;
    }
    std::int64_t offset = 0;
    const auto [end, error] = std::from_chars(file.data(), file.data() + kOffsetDigits, offset);
    if (error != std::errc{} || end != file.data() + kOffsetDigits || offset < 0) {
        return std::nullopt;
    }
    return offset;
}

Result<std::vector<SegmentFile>> list_segments(const std::string& directory) {
    std::vector<SegmentFile> segments;
    std::error_code code;
    fs::directory_iterator entries(directory, code);
    for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
        const auto base_offset = parse_segment_name(entries->path().filename().string());
        if (base_offset) {
            std::error_code gone;  // Kafka may delete a segment while we look
            const std::uintmax_t size = entries->file_size(gone);
            if (!gone) {
                segments.push_back({.path = entries->path().string(), .base_offset = *base_offset, .size = size});
            }
        }
    }
    if (code) {
        return list_error(directory, code);
    }
    std::ranges::sort(segments, {}, &SegmentFile::base_offset);
    return segments;
}

Result<std::vector<std::string>> list_partitions(const std::string& directory) {
    std::vector<std::pair<PartitionName, std::string>> found;
    std::error_code code;
    fs::directory_iterator entries(directory, code);
    for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
        const std::string name = entries->path().filename().string();
        auto partition = is_set_aside(name) ? std::nullopt : parse_partition_name(name);
        std::error_code ignored;
        if (partition && entries->is_directory(ignored)) {
            found.emplace_back(std::move(*partition), entries->path().string());
        }
    }
    if (code) {
        return list_error(directory, code);
    }
    std::ranges::sort(found);
    std::vector<std::string> paths;
    paths.reserve(found.size());
    for (auto& [name, path] : found) {
        paths.push_back(std::move(path));
    }
    return paths;
}

std::optional<PartitionName> partition_of(const std::string& segment_path) {
    const fs::path path(segment_path);
    if (!parse_segment_name(path.filename().string())) {
        return std::nullopt;
    }
    std::error_code code;
    const fs::path whole = fs::absolute(path, code).lexically_normal();
    return code ? std::nullopt : parse_partition_name(whole.parent_path().filename().string());
}

}  // namespace kseg::segment
