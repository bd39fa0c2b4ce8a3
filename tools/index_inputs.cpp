// SPDX-License-Identifier: Apache-2.0
#include "index_inputs.hpp"

#include <cerrno>
#include <filesystem>

#include "kafka/segment/side_files.hpp"
#include "open_input.hpp"
#include "wal/chronik_files.hpp"

namespace kseg::tools {
namespace {

namespace fs = std::filesystem;

Error refused(const std::string& argument, std::string what) {
    return {.code = Errc::invalid, .what = std::move(what), .file = argument};
}

Error chronik(const std::string& argument) {
    return {.code = Errc::unsupported,
            .what = "is a Chronik write-ahead log; append it with kseg wal-append first",
            .file = argument};
}

Result<void> add_directory(const std::string& argument, index::SegmentFinder& finder) {
    const auto segments = segment::list_segments(argument);
    const auto partitions = segment::list_partitions(argument);
    if (!segments || !partitions) {
        return segments ? partitions.error() : segments.error();
    }
    if (segments->empty() && partitions->empty()) {
        const auto files = wal::list_chronik_files(argument);
        if (!files || !files->empty()) {
            return files ? chronik(argument) : files.error();
        }
    }
    finder.add_directory(argument);
    return {};
}

}  // namespace

Result<void> add_index_input(const std::string& argument, index::SegmentFinder& finder) {
    if (argument == "-") {
        return refused("stdin", "is no file; an index belongs to a log that has a name and stays");
    }
    std::error_code code;
    const fs::file_status status = fs::status(argument, code);
    if (!fs::exists(status)) {
        return io_error("", code ? code.value() : ENOENT).in_file(argument);
    }
    if (fs::is_directory(status)) {
        return add_directory(argument, finder);
    }
    if (!fs::is_regular_file(status)) {
        return refused(argument, "is no file; an index belongs to a log that has a name and stays");
    }
    if (segment::side_file_of(fs::path(argument).filename().string())) {
        return refused(argument, "is a file beside a segment; give the segment, which is the .log");
    }
    auto opened = open_input(argument);
    const auto is_chronik = opened ? is_chronik_wal(*opened, argument) : Result<bool>(opened.error());
    if (!is_chronik) {
        return is_chronik.error().in_file(argument);
    }
    return *is_chronik ? chronik(argument) : finder.add_file(argument);
}

}  // namespace kseg::tools
