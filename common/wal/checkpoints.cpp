// SPDX-License-Identifier: Apache-2.0
#include "wal/checkpoints.hpp"

#include <fmt/format.h>

#include <iterator>

#include "kafka/segment/side_files.hpp"
#include "wal/files.hpp"

namespace kseg::wal {
namespace {

std::int64_t number(const segment::RowField& field) {
    return *std::get_if<std::int64_t>(&field.value);
}

/// Reads the rows of a checkpoint; nothing where the file is missing or empty.
Result<void> each_row(io::Fs& fs, const std::string& path, segment::SideFile kind, const segment::RowSink& sink) {
    const auto content = read_file(fs, path);
    if (!content) {
        return content.error();
    }
    if (content->empty()) {
        return {};
    }
    const auto read = segment::read_rows(kind, content->bytes(), 0, sink);
    return read ? Result<void>() : read.error().in_file(path);
}

}  // namespace

Result<PartitionOffsets> read_partition_offsets(io::Fs& fs, const std::string& path) {
    PartitionOffsets offsets;
    const auto read = each_row(fs, path, segment::SideFile::partition_offsets, [&](std::span<const segment::RowField> row) {
        const auto* const topic = std::get_if<std::string>(&row[0].value);
        offsets[{.topic = *topic, .partition = static_cast<std::int32_t>(number(row[1]))}] = number(row[2]);
    });
    if (!read) {
        return read.error();
    }
    return offsets;
}

Result<void> write_partition_offsets(io::Fs& fs, const std::string& path, const PartitionOffsets& offsets) {
    std::string text = fmt::format("0\n{}\n", offsets.size());
    for (const auto& [name, offset] : offsets) {
        fmt::format_to(std::back_inserter(text), "{} {} {}\n", name.topic, name.partition, offset);
    }
    return replace_content(fs, path, as_bytes(text));
}

Result<std::vector<LeaderEpoch>> read_leader_epochs(io::Fs& fs, const std::string& path) {
    std::vector<LeaderEpoch> epochs;
    const auto read = each_row(fs, path, segment::SideFile::leader_epochs, [&](std::span<const segment::RowField> row) {
        epochs.push_back({.epoch = static_cast<std::int32_t>(number(row[0])), .start_offset = number(row[1])});
    });
    if (!read) {
        return read.error();
    }
    return epochs;
}

namespace {

std::string text_of(const std::vector<LeaderEpoch>& epochs) {
    std::string text = fmt::format("0\n{}\n", epochs.size());
    for (const LeaderEpoch& epoch : epochs) {
        fmt::format_to(std::back_inserter(text), "{} {}\n", epoch.epoch, epoch.start_offset);
    }
    return text;
}

}  // namespace

Result<void> write_leader_epochs(io::Fs& fs, const std::string& path, const std::vector<LeaderEpoch>& epochs) {
    return replace_content(fs, path, as_bytes(text_of(epochs)));
}

Result<void> put_leader_epochs(io::Fs& fs, const std::string& path, const std::vector<LeaderEpoch>& epochs) {
    return put_content(fs, path, as_bytes(text_of(epochs)));
}

}  // namespace kseg::wal
