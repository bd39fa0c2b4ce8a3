// SPDX-License-Identifier: Apache-2.0
#include "wal/chronik_files.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <tuple>

namespace kseg::wal {
namespace {

namespace fs = std::filesystem;

constexpr int kLevels = 2;  // topic and partition below the WAL directory

template <typename T>
std::optional<T> number_of(std::string_view digits) {
    T value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool all = error == std::errc{} && end == digits.data() + digits.size() && digits.front() != '-';
    return all ? std::optional(value) : std::nullopt;
}

struct Name {
    std::int32_t partition = 0;
    std::uint64_t number = 0;
};

std::optional<Name> parse_name(std::string_view file) {
    constexpr std::string_view kBegin = "wal_";
    constexpr std::string_view kEnd = ".log";
    if (!file.starts_with(kBegin) || !file.ends_with(kEnd) || file.size() < kBegin.size() + kEnd.size()) {
        return std::nullopt;
    }
    file.remove_prefix(kBegin.size());
    file.remove_suffix(kEnd.size());
    const std::size_t bar = file.find('_');
    if (bar == std::string_view::npos || bar == 0 || bar + 1 == file.size()) {
        return std::nullopt;
    }
    const auto partition = number_of<std::int32_t>(file.substr(0, bar));
    const auto number = number_of<std::uint64_t>(file.substr(bar + 1));
    return partition && number ? std::optional(Name{*partition, *number}) : std::nullopt;
}

/// Adds the WAL files of one directory to `files`, and the directories in it to `below`.
std::error_code list_level(const std::string& directory, std::vector<ChronikFile>& files, std::vector<std::string>& below) {
    std::error_code code;
    fs::directory_iterator entries(directory, code);
    for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
        std::error_code ignored;
        const std::string path = entries->path().string();
        if (entries->is_directory(ignored)) {
            below.push_back(path);
        } else if (const auto name = parse_name(entries->path().filename().string())) {
            const std::uintmax_t size = entries->file_size(ignored);
            files.push_back({.path = path,
                             .partition = chronik_partition_of(path),
                             .number = name->number,
                             .size = ignored ? 0 : size});
        }
    }
    return code;
}

}  // namespace

bool is_chronik_name(std::string_view file) {
    return parse_name(file).has_value();
}

std::optional<segment::PartitionName> chronik_partition_of(const std::string& path) {
    const auto name = parse_name(fs::path(path).filename().string());
    std::error_code code;
    const fs::path folder = fs::absolute(path, code).lexically_normal().parent_path();
    const std::string partition = folder.filename().string();
    const std::string topic = folder.parent_path().filename().string();
    if (!name || code || partition.empty() || topic.empty() || number_of<std::int32_t>(partition) != name->partition) {
        return std::nullopt;
    }
    return segment::PartitionName{.topic = topic, .partition = name->partition};
}

Result<std::vector<ChronikFile>> list_chronik_files(const std::string& directory) {
    std::vector<ChronikFile> files;
    std::vector<std::string> level{directory};
    for (int i = 0; i <= kLevels; ++i) {
        std::vector<std::string> below;
        for (const std::string& path : level) {
            if (const auto code = list_level(path, files, below)) {
                return io_error("", code.value()).in_file(path);
            }
        }
        level = std::move(below);
    }
    std::ranges::sort(files, {}, [](const ChronikFile& f) {
        return std::tuple(f.partition, fs::path(f.path).parent_path().string(), f.number);
    });
    for (std::size_t i = 0; i < files.size(); ++i) {
        files[i].last =
            i + 1 == files.size() || fs::path(files[i + 1].path).parent_path() != fs::path(files[i].path).parent_path();
    }
    return files;
}

}  // namespace kseg::wal
