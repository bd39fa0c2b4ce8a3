// SPDX-License-Identifier: Apache-2.0
// The names of archives in a store, which hold what routing needs, so that the listing is the registry.
// Layout: man/kseg-archive.5, NAMES.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archive/container.hpp"
#include "base/units.hpp"
#include "kafka/segment/log_dir.hpp"

namespace kseg::store {

/// What the name of an archive says of it.
struct ArchiveName {
    segment::PartitionName partition;
    std::int64_t base_offset = 0;  ///< of the segment
    std::int64_t last_offset = 0;  ///< base_offset - 1 where no batch was found
    /// Least and largest of the records; nothing where there is none, or where damage may hold any.
    std::optional<TimestampMs> first_timestamp{};
    std::optional<TimestampMs> last_timestamp{};
    std::uint64_t size = 0;    ///< of the archive, in bytes
    std::uint32_t crc32c = 0;  ///< of the archive
    std::string topic_id{};    ///< 22 characters of base64, as Kafka writes it; empty where it is not known
    archive::Format format = archive::Format::tar_gz;

    friend bool operator==(const ArchiveName&, const ArchiveName&) = default;
};

/// Whether a text can be the id of a topic: 22 characters of base64, and not the id that stands for none.
bool is_topic_id(std::string_view text);

/// `orders/3/00000000000000000042_00000000000000000999_1763000000000_1763000099999_1048576_1c291ca3.tar.gz`, with
/// `_<topic id>` before the extension where that is known.
std::string to_string(const ArchiveName& name);

/// Nothing where the object is no archive of a segment: every name has one form only.
std::optional<ArchiveName> parse_archive_name(std::string_view object);

/// What the names of all archives of a topic begin with.
std::string archive_prefix(std::string_view topic);

}  // namespace kseg::store
