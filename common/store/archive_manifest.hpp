// SPDX-License-Identifier: Apache-2.0
// What an archive says of its segment inside, and the name that follows from it. Layout: man/kseg-archive.5, MEMBERS.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "archive/archive.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "index/manifest.hpp"
#include "store/archive_name.hpp"

namespace kseg::store {

/// Kafka's file that holds the id of a topic.
inline constexpr std::string_view kTopicIdFile = "partition.metadata";

/// `00000000000000000042.log`: a member that Kafka keeps beside others in a partition's directory.
std::string segment_member(std::int64_t base_offset, std::string_view extension);

/// The id in the content of kTopicIdFile; empty where there is none.
std::string topic_id_in(Bytes content);
/// That content, as Kafka writes it.
std::string topic_id_content(std::string_view topic_id);

/// The manifest of a segment's index once the log is beside it.
index::Manifest packed_manifest(index::Manifest manifest);

/// The name of a segment's archive, whose size and checksum are still 0.
/// errors   invalid   a topic or offsets that no archive can be named by
Result<ArchiveName> name_archive(const index::Manifest& manifest, std::string topic_id, archive::Format format);

/// Whether two names are of the same content, as far as a name says without size and checksum.
bool same_segment(const ArchiveName& a, const ArchiveName& b);

/// errors   io, corrupt, unsupported; invalid   the archive has none
Result<index::Manifest> read_manifest(const archive::Archive& archive);
/// Empty where the archive has none.
/// errors   io, corrupt
Result<std::string> read_topic_id(const archive::Archive& archive);

}  // namespace kseg::store
