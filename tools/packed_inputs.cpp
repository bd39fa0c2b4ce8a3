// SPDX-License-Identifier: Apache-2.0
#include "packed_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "index/log_of_index.hpp"
#include "store/logs_in_archive.hpp"

namespace kseg::tools {
namespace {

namespace fs = std::filesystem;

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
    const std::vector<store::LogInArchive> found = store::logs_in(*archive);
    for (const store::LogInArchive& log : found) {
        const auto read = store::manifest_in(*archive, log.directory);
        if (!read) {
            warn(read.error(), report);
        }
        const auto manifest = read.value_or(std::nullopt);
        const std::size_t first = inputs.size();
        for (const store::LogInArchive::Segment& segment : log.segments) {
            inputs.push_back({.path = path,
                              .member = segment.member.name,
                              .name_below = segment.name,
                              .partition = log.partition,
                              .base_offset = segment.base_offset,
                              .last_of_log = true,
                              .sealed = true,
                              .size = segment.member.size});
            if (manifest) {
                inputs.back().partition = {.topic = manifest->topic, .partition = manifest->partition};
                if (manifest->log_path == segment.name) {
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
    if (!index::has_manifest(directory)) {
        return false;
    }
    const auto manifest = index::read_manifest(directory);
    if (!manifest) {
        const auto segments = segment::list_segments(directory);
        if (segments && !segments->empty()) {
            warn(manifest.error(), report);
            return false;
        }
        report.error(manifest.error());
        return true;
    }
    const auto log = index::find_log(directory, *manifest);
    if (!log) {
        report.error(log.error());
        return true;
    }
    inputs.push_back({.path = log->path,
                      .name_below = fs::path(log->path).filename().string(),
                      .partition = segment::PartitionName{.topic = manifest->topic, .partition = manifest->partition},
                      .base_offset = manifest->base_offset,
                      .last_of_log = true,
                      .sealed = true,
                      .size = log->size});
    check_size(*manifest, inputs.back(), report);
    return true;
}

bool add_indexed_logs(const std::string& directory, std::size_t log, std::vector<Input>& inputs, Report& report) {
    std::vector<std::string> indexes;
    std::error_code code;
    fs::directory_iterator entries(directory, code);
    for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
        if (segment::parse_segment_name(entries->path().filename().string(), "") &&
            index::has_manifest(entries->path().string())) {
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
