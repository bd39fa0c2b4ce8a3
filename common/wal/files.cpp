// SPDX-License-Identifier: Apache-2.0
#include "wal/files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/read_all.hpp"
#include "io/replace.hpp"
#include "kafka/segment/log_dir.hpp"

namespace kseg::wal {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;

}  // namespace

std::string file_beside(const std::string& directory, std::int64_t offset, std::string_view extension) {
    return fmt::format("{}/{:020d}{}", directory, offset, extension);
}

std::vector<std::int64_t> offsets_in(const std::vector<std::string>& names, std::string_view extension) {
    std::vector<std::int64_t> offsets;
    for (const std::string& name : names) {
        if (const auto offset = segment::parse_segment_name(name, extension)) {
            offsets.push_back(*offset);
        }
    }
    std::ranges::sort(offsets);
    return offsets;
}

Result<ByteBuffer> read_file(io::Fs& fs, const std::string& path) {
    const auto there = fs.info(path);
    if (!there) {
        return there.error();
    }
    if (!there->has_value()) {
        return ByteBuffer();
    }
    const auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    auto content = io::read_all(**file, kMostBytes);
    return content ? std::move(content) : content.error().in_file(path);
}

Result<void> replace_content(io::Fs& fs, const std::string& path, Bytes content) {
    auto file = io::Replacement::begin(fs, path, {.overwrite = true});
    if (!file) {
        return file.error();
    }
    if (auto written = (*file)->write(content); !written) {
        return written;
    }
    return (*file)->commit();
}

Result<std::unique_ptr<io::WritableFile>> open_or_create(io::Fs& fs, const std::string& path) {
    const auto there = fs.info(path);
    if (!there) {
        return there.error();
    }
    return there->has_value() ? fs.open_writable(path) : fs.create(path);
}

Result<void> put_content(io::Fs& fs, const std::string& path, Bytes content) {
    const auto file = open_or_create(fs, path);
    if (!file) {
        return file.error();
    }
    if (auto cut = (*file)->resize(content.size()); !cut) {
        return cut;
    }
    return (*file)->write_at(0, content);
}

}  // namespace kseg::wal
