// SPDX-License-Identifier: Apache-2.0
#include "index/existing_index.hpp"
#include "io/read_all.hpp"

#include <fmt/format.h>

#include <utility>

namespace kseg::index {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

/// The manifest of an index, or nothing where it has none that can be used.
/// errors   io
Result<std::optional<Manifest>> read_manifest(io::Fs& fs, const std::string& directory) {
    const std::string path = fmt::format("{}/{}", directory, kManifestFile);
    const auto there = fs.info(path);
    if (!there) {
        return there.error();
    }
    if (!there->has_value() || !(*there)->is_regular || (*there)->size > kMostManifestBytes) {
        return std::optional<Manifest>();
    }
    const auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    const auto content = io::read_all(**file, kMostManifestBytes);
    if (!content) {
        return content.error().in_file(path);
    }
    auto manifest = parse_manifest(content->bytes(), path);
    return manifest ? std::optional(*std::move(manifest)) : std::optional<Manifest>();
}

/// Whether the files that a manifest names are there in their sizes.
/// errors   io
Result<bool> has_files(io::Fs& fs, const std::string& directory, const Manifest& manifest) {
    for (const ManifestFile& file : manifest.files) {
        const auto there = fs.info(fmt::format("{}/{}", directory, file.name));
        if (!there) {
            return there.error();
        }
        if (!there->has_value() || !(*there)->is_regular || (*there)->size != file.size) {
            return false;
        }
    }
    return true;
}

/// CRC-32C of all of a file, or nothing where it does not have this size.
Result<std::optional<std::uint32_t>> checksum_of(io::Fs& fs, const std::string& path, std::uint64_t size,
                                                 const LogReading& reading) {
    const auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    const auto source = io::source_of(**file, 0, false, reading.stop);
    SummedSource summed(*source, size, reading.on_read);
    ByteBuffer piece;
    piece.resize(kPieceBytes);
    for (;;) {
        const auto got = summed.read({piece.data(), piece.size()});
        if (!got) {
            return got.error().in_file(path);
        }
        if (*got == 0) {
            return summed.bytes() == size ? std::optional(summed.crc()) : std::nullopt;
        }
    }
}

}  // namespace

Result<std::optional<Manifest>> find_equal_index(io::Fs& fs, const std::string& directory, const WantedIndex& wanted,
                                                 const LogReading& reading) {
    auto manifest = read_manifest(fs, directory);
    if (!manifest || !manifest->has_value()) {
        return manifest;
    }
    const Manifest& has = **manifest;
    const auto log = fs.info(wanted.log);
    if (!log) {
        return log.error();
    }
    const bool fits = has.topic == wanted.partition.topic && has.partition == wanted.partition.partition &&
                      has.base_offset == wanted.base_offset && has.log_path == wanted.log_path &&
                      has.fields == wanted.fields && log->has_value() && has.log_size == (*log)->size;
    const auto whole = fits ? has_files(fs, directory, has) : Result<bool>(false);
    if (!whole) {
        return whole.error();
    }
    if (!*whole) {
        return std::optional<Manifest>();
    }
    const auto checksum = checksum_of(fs, wanted.log, has.log_size, reading);
    if (!checksum) {
        return checksum.error();
    }
    return *checksum == has.log_crc32c ? std::move(manifest) : Result<std::optional<Manifest>>(std::nullopt);
}

}  // namespace kseg::index
