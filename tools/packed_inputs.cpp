// SPDX-License-Identifier: Apache-2.0
#include "packed_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "index/manifest.hpp"
#include "io/read_all.hpp"

namespace kseg::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostManifestBytes = std::uint64_t{16} << 20;  // man/kseg-index.5, MANIFEST

/// Gives the inputs from `first` on, which are segments of one partition, what is known of such: their order, and where the
/// next one begins.
void join(std::vector<Input>& inputs, std::size_t first, std::size_t log) {
    std::sort(inputs.begin() + static_cast<std::ptrdiff_t>(first), inputs.end(),
              [](const Input& a, const Input& b) { return *a.base_offset < *b.base_offset; });
    for (std::size_t i = first; i < inputs.size() && inputs.size() - first > 1; ++i) {
        inputs[i].log = log;
        inputs[i].next_base_offset = i + 1 < inputs.size() ? inputs[i + 1].base_offset : std::nullopt;
    }
}

void warn(const Error& error, Report& report) {
    report.damage(error.file, error.at ? fmt::format("offset {}: {}", *error.at, error.what) : error.what);
}

/// Warns where a log has another size than its index says.
void check_size(const index::Manifest& manifest, const Input& input, Report& report) {
    if (input.size != manifest.log_size) {
        report.damage(shown_name(input), fmt::format("size; expected {} as in {}, got {}", manifest.log_size,
                                                     index::kManifestFile, input.size));
    }
}

// ---- archives

/// Directory of a member, empty or ending with a slash, and its name there.
std::pair<std::string, std::string> split(const std::string& member) {
    const std::size_t slash = member.rfind('/');
    return slash == std::string::npos ? std::pair(std::string(), member)
                                      : std::pair(member.substr(0, slash + 1), member.substr(slash + 1));
}

std::string last_part(const std::string& directory) {
    return fs::path(directory.substr(0, directory.empty() ? 0 : directory.size() - 1)).filename().string();
}

struct ArchivedLog {
    std::string directory;
    std::optional<segment::PartitionName> partition;
    std::vector<archive::Member> segments;
};

/// The logs in an archive by partition and directory. Those that Kafka has set aside are left out where there are others.
std::vector<ArchivedLog> logs_of(const archive::Archive& archive) {
    std::map<std::string, std::vector<archive::Member>> by_directory;
    for (const archive::Member& member : archive.members()) {
        const auto [directory, name] = split(member.name);
        if (segment::parse_segment_name(name)) {
            by_directory[directory].push_back(member);
        }
    }
    std::vector<ArchivedLog> logs;
    for (auto& [directory, segments] : by_directory) {
        logs.push_back({.directory = directory,
                        .partition = segment::parse_partition_name(last_part(directory)),
                        .segments = std::move(segments)});
    }
    const auto set_aside = [](const ArchivedLog& log) { return segment::is_set_aside(last_part(log.directory)); };
    if (!std::all_of(logs.begin(), logs.end(), set_aside)) {
        logs.erase(std::remove_if(logs.begin(), logs.end(), set_aside), logs.end());
    }
    std::stable_sort(logs.begin(), logs.end(),
                     [](const ArchivedLog& a, const ArchivedLog& b) { return a.partition < b.partition; });
    return logs;
}

/// The manifest in a directory of an archive, if there is one that can be read.
std::optional<index::Manifest> read_manifest(const archive::Archive& archive, const std::string& directory,
                                             Report& report) {
    const std::string name = directory + std::string(index::kManifestFile);
    if (archive.find(name) == nullptr) {
        return std::nullopt;
    }
    const std::string shown = archive.name() + ":" + name;
    const auto file = archive.open_member(name);
    const auto content = file ? io::read_all(**file, kMostManifestBytes) : Result<ByteBuffer>(file.error());
    auto manifest = content ? index::parse_manifest(content->bytes(), shown) : Result<index::Manifest>(content.error());
    if (!manifest) {
        warn(manifest.error().in_file(shown), report);
        return std::nullopt;
    }
    return *std::move(manifest);
}

// ---- indexes

/// Reads the manifest of the index in a directory.
Result<index::Manifest> read_manifest(const std::string& directory) {
    const std::string path = (fs::path(directory) / index::kManifestFile).string();
    const auto content = io::read_small_file(path, kMostManifestBytes);
    return content ? index::parse_manifest(content->bytes(), path) : content.error().in_file(path);
}

bool has_manifest(const fs::path& directory) {
    std::error_code code;
    return fs::is_regular_file(directory / index::kManifestFile, code);
}

/// Where the log of an index may be: where its manifest says, else beside it, as an extracted archive has it.
std::vector<fs::path> places_of_log(const fs::path& directory, const index::Manifest& manifest) {
    std::vector<fs::path> places;
    if (!manifest.log_path.empty()) {
        // Without the dots it reads better; where links are on the way it may be another file.
        const fs::path named = directory / manifest.log_path;
        places = {named.lexically_normal(), named};
    }
    places.push_back((directory / fmt::format("{:020}.log", manifest.base_offset)).lexically_normal());
    return places;
}

/// The log of an index: the first file of the size that the manifest has, else the first.
Result<Input> input_of_index(const std::string& directory, const index::Manifest& manifest) {
    std::optional<Input> found;
    std::vector<std::string> tried;
    for (const fs::path& path : places_of_log(directory, manifest)) {
        if (const std::string normal = path.lexically_normal().string(); std::ranges::find(tried, normal) == tried.end()) {
            tried.push_back(normal);
        }
        std::error_code code;
        if (!fs::is_regular_file(path, code)) {
            continue;
        }
        const std::uintmax_t size = fs::file_size(path, code);
        if (!code && (!found || (found->size != manifest.log_size && size == manifest.log_size))) {
            found = Input{.path = path.string(),
                          .name_below = path.filename().string(),
                          .partition = segment::PartitionName{.topic = manifest.topic, .partition = manifest.partition},
                          .base_offset = manifest.base_offset,
                          .last_of_log = true,
                          .sealed = true,
                          .size = size};
        }
    }
    if (found) {
        return *std::move(found);
    }
    return Error{.code = Errc::io,
                 .what = fmt::format("the log of this index is missing; looked for {}", fmt::join(tried, " and ")),
                 .file = directory};
}

}  // namespace

void add_archived_logs(const std::string& path, Archives& archives, std::size_t& logs, std::vector<Input>& inputs,
                       Report& report) {
    const auto archive = archives.open(path);
    if (!archive) {
        report.error(archive.error());
        return;
    }
    for (const std::string& refused : archive->refused()) {
        if (refused.find(".log\"") != std::string::npos) {
            report.damage(path, refused + "; left out");
        }
    }
    const std::vector<ArchivedLog> found = logs_of(*archive);
    for (const ArchivedLog& log : found) {
        const auto manifest = read_manifest(*archive, log.directory, report);
        const std::size_t first = inputs.size();
        for (const archive::Member& member : log.segments) {
            const std::string name = split(member.name).second;
            inputs.push_back({.path = path,
                              .member = member.name,
                              .name_below = name,
                              .partition = log.partition,
                              .base_offset = segment::parse_segment_name(name),
                              .last_of_log = true,
                              .sealed = true,
                              .size = member.size});
            if (manifest) {
                inputs.back().partition = {.topic = manifest->topic, .partition = manifest->partition};
                if (manifest->log_path == name) {
                    check_size(*manifest, inputs.back(), report);
                }
            }
        }
        join(inputs, first, logs++);
    }
    if (found.empty()) {
        report.error({.code = Errc::invalid,
                      .what = "an archive without a log; none of its members is named as a segment is",
                      .file = path});
    }
}

bool add_indexed_log(const std::string& directory, std::vector<Input>& inputs, Report& report) {
    if (!has_manifest(directory)) {
        return false;
    }
    const auto manifest = read_manifest(directory);
    if (!manifest) {
        const auto segments = segment::list_segments(directory);
        if (segments && !segments->empty()) {
            warn(manifest.error(), report);
            return false;
        }
        report.error(manifest.error());
        return true;
    }
    auto input = input_of_index(directory, *manifest);
    if (!input) {
        report.error(input.error());
        return true;
    }
    check_size(*manifest, *input, report);
    inputs.push_back(*std::move(input));
    return true;
}

bool add_indexed_logs(const std::string& directory, std::size_t log, std::vector<Input>& inputs, Report& report) {
    std::vector<std::string> indexes;
    std::error_code code;
    fs::directory_iterator entries(directory, code);
    for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
        if (segment::parse_segment_name(entries->path().filename().string(), "") && has_manifest(entries->path())) {
            indexes.push_back(entries->path().string());
        }
    }
    if (code) {
        report.error(io_error("", code.value()).in_file(directory));
        return true;
    }
    std::sort(indexes.begin(), indexes.end());  // errors in the order of offsets too
    const std::size_t first = inputs.size();
    for (const std::string& index : indexes) {
        add_indexed_log(index, inputs, report);
    }
    join(inputs, first, log);
    return !indexes.empty();
}

}  // namespace kseg::tools
