// SPDX-License-Identifier: Apache-2.0
#include "inputs.hpp"

#include <filesystem>

#include "wal/chronik_files.hpp"

namespace kseg::tools {
namespace {

namespace fs = std::filesystem;

Input segment_input(const std::vector<segment::SegmentFile>& segments, std::size_t i, std::optional<std::size_t> log,
                    const std::string& below = "") {
    const segment::SegmentFile& file = segments[i];
    const bool last = i + 1 == segments.size();
    return {.path = file.path,
            .name_below = below + fs::path(file.path).filename().string(),
            .partition = segment::partition_of(file.path),
            .base_offset = file.base_offset,
            .log = log,
            .last_of_log = last,
            .next_base_offset = last ? std::nullopt : std::optional(segments[i + 1].base_offset),
            .size = file.size};
}

/// Adds the segments of one partition's directory; false where it has none.
bool add_partition(const std::string& directory, std::size_t log, std::vector<Input>& inputs, Report& report,
                   const std::string& below = "") {
    const auto segments = segment::list_segments(directory);
    if (!segments) {
        report.error(segments.error());
        return true;
    }
    for (std::size_t i = 0; i < segments->size(); ++i) {
        inputs.push_back(segment_input(*segments, i, log, below));
    }
    return !segments->empty();
}

/// Adds the files of a Chronik WAL's directory; false where it has none.
bool add_chronik_files(const std::string& directory, std::vector<Input>& inputs, Report& report) {
    const auto files = wal::list_chronik_files(directory);
    if (!files) {
        report.error(files.error());
        return true;
    }
    for (const wal::ChronikFile& file : *files) {
        inputs.push_back({.path = file.path, .partition = file.partition, .last_of_log = file.last, .size = file.size});
    }
    return !files->empty();
}

void add_directory(const std::string& directory, std::size_t& logs, std::vector<Input>& inputs, Report& report) {
    if (add_partition(directory, logs++, inputs, report)) {
        return;
    }
    const auto partitions = segment::list_partitions(directory);
    if (!partitions) {
        report.error(partitions.error());
        return;
    }
    for (const std::string& partition : *partitions) {
        add_partition(partition, logs++, inputs, report, fs::path(partition).filename().string() + "/");
    }
    if (partitions->empty() && add_chronik_files(directory, inputs, report)) {
        return;
    }
    const bool is_partition =
        segment::parse_partition_name(fs::absolute(directory).lexically_normal().filename().string()).has_value();
    if (partitions->empty() && !is_partition) {
        report.error(
            {.code = Errc::invalid, .what = "holds neither segments nor partition directories", .file = directory});
    }
}

}  // namespace

std::optional<Input> next_segment(const Input& input) {
    const auto segments = segment::list_segments(fs::path(input.path).parent_path().string());
    if (!segments || !input.base_offset) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < segments->size(); ++i) {
        if ((*segments)[i].base_offset > *input.base_offset) {
            return segment_input(*segments, i, input.log);
        }
    }
    return std::nullopt;
}

std::vector<Input> expand_inputs(const std::vector<std::string>& arguments, Report& report) {
    std::vector<Input> inputs;
    std::size_t logs = 0;
    for (const std::string& argument : arguments) {
        std::error_code code;
        const fs::file_status status = argument == "-" ? fs::file_status(fs::file_type::fifo) : fs::status(argument, code);
        if (!fs::exists(status)) {
            report.error(io_error("", code ? code.value() : ENOENT).in_file(argument));
        } else if (fs::is_directory(status)) {
            add_directory(argument, logs, inputs, report);
        } else {
            std::error_code ignored;
            const std::uintmax_t size = fs::is_regular_file(status) ? fs::file_size(argument, ignored) : 0;
            const std::string name = fs::path(argument).filename().string();
            inputs.push_back({.path = argument,
                              .name_below = argument == "-" ? "stdin" : name,
                              .side_file = segment::side_file_of(name),
                              .partition = wal::is_chronik_name(name) ? wal::chronik_partition_of(argument)
                                                                      : segment::partition_of(argument),
                              .base_offset = segment::parse_segment_name(name, fs::path(name).extension().string()),
                              .last_of_log = true,
                              .size = ignored ? 0 : size});
        }
    }
    return inputs;
}

}  // namespace kseg::tools
