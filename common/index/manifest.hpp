// SPDX-License-Identifier: Apache-2.0
// The manifest of a segment index: which log it belongs to, what it covers, and every file of it with size and checksum.
// Layout: man/kseg-index.5, MANIFEST.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "index/terms.hpp"

namespace kseg::index {

inline constexpr std::string_view kManifestFile = "manifest.json";
inline constexpr std::uint64_t kMostManifestBytes = std::uint64_t{16} << 20;  ///< larger ones are not read
inline constexpr std::string_view kBatchTableFile = "batches";
inline constexpr std::string_view kChecksumsFile = "checksums";
/// Of the rules of text and terms. An index of another version is made anew.
inline constexpr int kAnalysisVersion = 1;

struct ManifestFile {
    std::string name;
    std::uint64_t size = 0;
    std::uint32_t crc32c = 0;

    friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

struct Manifest {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t base_offset = 0;  ///< of the segment, by its name
    /// Least and largest over the batches; nothing where there is no batch.
    std::optional<std::int64_t> first_offset{};
    std::optional<std::int64_t> last_offset{};
    std::optional<TimestampMs> min_timestamp{};
    std::optional<TimestampMs> max_timestamp{};
    std::uint64_t batches = 0;
    std::uint64_t records = 0;
    std::uint64_t damaged = 0;   ///< rows that are gaps, bad CRCs or broken bodies
    bool offsets_rise = true;    ///< each batch's base offset is behind the last offset of the one before
    std::string log_path;        ///< relative to the index's directory
    std::uint64_t log_size = 0;  ///< bytes
    std::uint32_t log_crc32c = 0;
    IndexedFields fields;
    std::vector<ManifestFile> files;  ///< by name; all but the manifest

    friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// The file's content, which holds a checksum of itself.
ByteBuffer write_manifest(const Manifest& manifest);

/// name     for messages
/// errors   corrupt       the checksum is wrong, or a member is missing or makes no sense
///          unsupported   of another version
Result<Manifest> parse_manifest(Bytes content, const std::string& name);

}  // namespace kseg::index
