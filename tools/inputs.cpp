// SPDX-License-Identifier: Apache-2.0
#include "inputs.hpp"

#include <filesystem>

#include "io/file.hpp"
#include "packed_inputs.hpp"
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

class Expansion {
  public:
    Expansion(Report& report, Archives* archives) : report_(report), archives_(archives) {}

    void add_directory(const std::string& directory);
    void add_file(const std::string& path, bool is_regular);
    std::vector<Input> take() { return std::move(inputs_); }

  private:
    bool add_partition(const std::string& directory, const std::string& below = "");
    bool add_chronik_files(const std::string& directory);
    bool add_as_archive(const std::string& path);

    Report& report_;
    Archives* archives_;
    std::size_t logs_ = 0;
    std::vector<Input> inputs_;
};

/// Adds the segments of one partition's directory, or what the indexes in it are of; false where it has none.
bool Expansion::add_partition(const std::string& directory, const std::string& below) {
    const std::size_t log = logs_++;
    const auto segments = segment::list_segments(directory);
    if (!segments) {
        report_.error(segments.error());
        return true;
    }
    for (std::size_t i = 0; i < segments->size(); ++i) {
        inputs_.push_back(segment_input(*segments, i, log, below));
    }
    return !segments->empty() || (archives_ != nullptr && add_indexed_logs(directory, log, inputs_, report_));
}

/// Adds the files of a Chronik WAL's directory; false where it has none.
bool Expansion::add_chronik_files(const std::string& directory) {
    const auto files = wal::list_chronik_files(directory);
    if (!files) {
        report_.error(files.error());
        return true;
    }
    for (const wal::ChronikFile& file : *files) {
        inputs_.push_back({.path = file.path, .partition = file.partition, .last_of_log = file.last, .size = file.size});
    }
    return !files->empty();
}

void Expansion::add_directory(const std::string& directory) {
    if ((archives_ != nullptr && add_indexed_log(directory, inputs_, report_)) || add_partition(directory)) {
        return;
    }
    const auto partitions = segment::list_partitions(directory);
    if (!partitions) {
        report_.error(partitions.error());
        return;
    }
    for (const std::string& partition : *partitions) {
        add_partition(partition, fs::path(partition).filename().string() + "/");
    }
    if (partitions->empty() && add_chronik_files(directory)) {
        return;
    }
    const bool is_partition =
        segment::parse_partition_name(fs::absolute(directory).lexically_normal().filename().string()).has_value();
    if (partitions->empty() && !is_partition) {
        report_.error(
            {.code = Errc::invalid, .what = "holds neither segments nor partition directories", .file = directory});
    }
}

/// Adds the logs in a file that is an archive; false where it is none, or cannot be read, which reading it tells.
bool Expansion::add_as_archive(const std::string& path) {
    const auto file = io::File::open(path);
    const auto found = file ? is_archive(*file, path) : Result<bool>(false);
    if (!found || !*found) {
        return false;
    }
    add_archived_logs(path, *archives_, logs_, inputs_, report_);
    return true;
}

void Expansion::add_file(const std::string& path, bool is_regular) {
    const std::string name = fs::path(path).filename().string();
    const auto side_file = segment::side_file_of(name);
    if (archives_ != nullptr && is_regular && !side_file && add_as_archive(path)) {
        return;
    }
    std::error_code code;
    const std::uintmax_t size = is_regular ? fs::file_size(path, code) : 0;
    inputs_.push_back(
        {.path = path,
         .name_below = path == "-" ? "stdin" : name,
         .side_file = side_file,
         .partition = wal::is_chronik_name(name) ? wal::chronik_partition_of(path) : segment::partition_of(path),
         .base_offset = segment::parse_segment_name(name, fs::path(name).extension().string()),
         .last_of_log = true,
         .size = code ? 0 : size});
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

std::uint64_t total_size(const std::vector<Input>& inputs) {
    std::uint64_t total = 0;
    for (const Input& input : inputs) {
        total += input.size;
    }
    return total;
}

std::string shown_name(const Input& input) {
    return input.path == "-" ? "stdin" : input.member ? input.path + ":" + *input.member : input.path;
}

std::vector<Input> expand_inputs(const std::vector<std::string>& arguments, Report& report, Archives* archives) {
    Expansion expansion(report, archives);
    for (const std::string& argument : arguments) {
        std::error_code code;
        const fs::file_status status = argument == "-" ? fs::file_status(fs::file_type::fifo) : fs::status(argument, code);
        if (!fs::exists(status)) {
            report.error(io_error("", code ? code.value() : ENOENT).in_file(argument));
        } else if (fs::is_directory(status)) {
            expansion.add_directory(argument);
        } else {
            expansion.add_file(argument, fs::is_regular_file(status));
        }
    }
    return expansion.take();
}

}  // namespace kseg::tools
