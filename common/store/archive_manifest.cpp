// SPDX-License-Identifier: Apache-2.0
#include "store/archive_manifest.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "io/read_all.hpp"
#include "kafka/segment/side_files.hpp"
#include "objects/object_store.hpp"

namespace kseg::store {
namespace {

constexpr std::uint64_t kMostTopicIdFileBytes = 4096;

Result<ByteBuffer> read_member(const archive::Archive& archive, std::string_view member, std::uint64_t limit_bytes) {
    const auto file = archive.open_member(member);
    if (!file) {
        return file.error();
    }
    auto content = io::read_all(**file, limit_bytes);
    return content ? std::move(content) : content.error().in_file(archive.name());
}

}  // namespace

std::string segment_member(std::int64_t base_offset, std::string_view extension) {
    return fmt::format("{:020d}{}", base_offset, extension);
}

std::string topic_id_in(Bytes content) {
    std::string id;
    if (content.size() > kMostTopicIdFileBytes) {
        return id;
    }
    const auto read =
        segment::read_rows(segment::SideFile::properties, content, 0, [&id](std::span<const segment::RowField> row) {
            for (const segment::RowField& field : row) {
                const auto* const text = std::get_if<std::string>(&field.value);
                if (field.name == "topic_id" && text != nullptr && is_topic_id(*text)) {
                    id = *text;
                }
            }
        });
    return read ? id : std::string();
}

std::string topic_id_content(std::string_view topic_id) {
    return fmt::format("version: 0\ntopic_id: {}", topic_id);
}

index::Manifest packed_manifest(index::Manifest manifest) {
    manifest.log_path = segment_member(manifest.base_offset, ".log");
    return manifest;
}

Result<ArchiveName> name_archive(const index::Manifest& manifest, std::string topic_id, archive::Format format) {
    ArchiveName name{.partition = {.topic = manifest.topic, .partition = manifest.partition},
                     .base_offset = manifest.base_offset,
                     .last_offset = manifest.last_offset.value_or(manifest.base_offset - 1),
                     .topic_id = std::move(topic_id),
                     .format = format};
    if (manifest.damaged == 0) {
        name.first_timestamp = manifest.min_timestamp;
        name.last_timestamp = manifest.max_timestamp;
    }
    const std::string text = to_string(name);
    if (const auto good = objects::check_name(text); !good) {
        return Error{.code = Errc::invalid, .what = "no archive can have this name: " + good.error().what, .file = text};
    }
    if (parse_archive_name(text) != name) {
        return Error{.code = Errc::invalid,
                     .what = fmt::format("topic \"{}\" with offsets {} to {} cannot be in the name of an archive",
                                         manifest.topic, name.base_offset, name.last_offset)};
    }
    return name;
}

bool same_segment(const ArchiveName& a, const ArchiveName& b) {
    ArchiveName other = b;
    other.size = a.size;
    other.crc32c = a.crc32c;
    return a == other;
}

Result<index::Manifest> read_manifest(const archive::Archive& archive) {
    const auto content = read_member(archive, index::kManifestFile, index::kMostManifestBytes);
    if (!content) {
        return content.error();
    }
    return index::parse_manifest(content->bytes(), fmt::format("{}: {}", archive.name(), index::kManifestFile));
}

Result<std::string> read_topic_id(const archive::Archive& archive) {
    if (archive.find(kTopicIdFile) == nullptr) {
        return std::string();
    }
    const auto content = read_member(archive, kTopicIdFile, kMostTopicIdFileBytes);
    if (!content) {
        return content.error();
    }
    return topic_id_in(content->bytes());
}

}  // namespace kseg::store
