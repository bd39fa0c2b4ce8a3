// SPDX-License-Identifier: Apache-2.0
#include "store/archive_contents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "index/build.hpp"
#include "index/segment_index.hpp"
#include "io/read_all.hpp"
#include "store/archive_manifest.hpp"

namespace kseg::store {
namespace {

constexpr std::size_t kLogChunkBytes = std::size_t{256} << 10;
// Look-ups read an index here and there.
constexpr std::size_t kIndexChunkBytes = std::size_t{64} << 10;
// Files of the index that are no larger come last, so that the first read of an archive brings them.
constexpr std::uint64_t kSmallBytes = std::uint64_t{16} << 10;
constexpr std::uint64_t kMostTopicIdFileBytes = 4096;

/// Where the log may be, the first of which is meant where there is none.
std::vector<std::string> log_paths(const std::string& directory, const index::Manifest& manifest,
                                   const std::optional<std::string>& log_directory) {
    if (!log_directory) {
        return {(std::filesystem::path(directory) / manifest.log_path).lexically_normal().string()};
    }
    const std::string name = segment_member(manifest.base_offset, ".log");
    const std::string partition = index::directory_name({.topic = manifest.topic, .partition = manifest.partition});
    return {fmt::format("{}/{}/{}", *log_directory, partition, name), fmt::format("{}/{}", *log_directory, name)};
}

/// Whether there is a regular file.
Result<bool> is_file(io::Fs& fs, const std::string& path) {
    const auto info = fs.info(path);
    if (!info) {
        return info.error();
    }
    return info->has_value() && (*info)->is_regular;
}

Result<std::string> topic_id_beside(io::Fs& fs, const std::string& log) {
    const std::string path = fmt::format("{}/{}", io::directory_of(log), kTopicIdFile);
    const auto there = is_file(fs, path);
    if (!there || !*there) {
        return there ? Result<std::string>(std::string()) : there.error();
    }
    const auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    const auto content = io::read_all(**file, kMostTopicIdFileBytes);
    if (!content) {
        // What is larger is something else.
        return content.error().code == Errc::too_large ? Result<std::string>(std::string()) : content.error().in_file(path);
    }
    return topic_id_in(content->bytes());
}

Error differs(const std::string& path, std::string_view what, const std::string& expected, const std::string& got) {
    return {.code = Errc::corrupt, .what = fmt::format("{}; expected {}, got {}", what, expected, got), .file = path};
}

/// Adds members of one segment one after another.
class Members {
  public:
    Members(io::Fs& fs, const ContentOptions& options, archive::ArchiveWriter& writer)
        : fs_(fs), options_(options), writer_(writer) {}

    /// A file as it is.
    Result<void> add_file(const std::string& name, const std::string& path, const archive::AddOptions& how) {
        const auto file = fs_.open(path);
        if (!file) {
            return file.error();
        }
        const SummedRead summed(**file, options_.stop, options_.on_read);
        const auto added = writer_.add(name, summed, how);
        return added ? added : added.error().in_file(path);
    }

    /// A file whose content is known.
    Result<void> add_known(const index::ManifestFile& known, const std::string& path, const archive::AddOptions& how,
                           std::string_view whose) {
        const auto file = fs_.open(path);
        if (!file) {
            return file.error();
        }
        const auto size = (*file)->size();
        if (!size) {
            return size.error().in_file(path);
        }
        if (*size != known.size) {
            return differs(path, fmt::format("size of the {}", whose), fmt::format("{}", known.size),
                           fmt::format("{}", *size));
        }
        const SummedRead summed(**file, options_.stop, options_.on_read);
        if (const auto added = writer_.add(known.name, summed, how); !added) {
            return added.error().in_file(path);
        }
        if (summed.bytes() != known.size || summed.crc() != known.crc32c) {
            return differs(path, fmt::format("checksum of the {}", whose), fmt::format("0x{:08x}", known.crc32c),
                           fmt::format("0x{:08x}", summed.crc()));
        }
        return {};
    }

    Result<void> add_bytes(const std::string& name, Bytes content) {
        return writer_.add(name, content, {.chunk_bytes = kIndexChunkBytes});
    }

  private:
    io::Fs& fs_;
    const ContentOptions& options_;
    archive::ArchiveWriter& writer_;
};

/// Kafka's files beside the log.
Result<void> add_side_files(io::Fs& fs, const IndexedSegment& segment, const LogSurvey& survey, Members& members) {
    const std::int64_t base_offset = segment.manifest.base_offset;
    if (survey.indexes) {
        auto added = members.add_bytes(segment_member(base_offset, ".index"), survey.indexes->offset_index.bytes());
        if (added) {
            added = members.add_bytes(segment_member(base_offset, ".timeindex"), survey.indexes->time_index.bytes());
        }
        if (!added) {
            return added;
        }
    }
    const std::string transactions = std::filesystem::path(segment.log).replace_extension(".txnindex").string();
    const auto info = fs.info(transactions);
    if (!info) {
        return info.error();
    }
    if (info->has_value() && (*info)->is_regular && (*info)->size != 0) {
        auto added =
            members.add_file(segment_member(base_offset, ".txnindex"), transactions, {.chunk_bytes = kIndexChunkBytes});
        if (!added) {
            return added;
        }
    }
    return segment.topic_id.empty()
               ? Result<void>()
               : members.add_bytes(std::string(kTopicIdFile), as_bytes(topic_id_content(segment.topic_id)));
}

/// Where in an archive a file of an index comes.
int place_of(const index::ManifestFile& file) {
    if (file.name == index::kBatchTableFile) {
        return 2;
    }
    if (file.name == index::kChecksumsFile) {
        return 3;
    }
    return file.size > kSmallBytes ? 0 : 1;
}

Result<void> add_index(const IndexedSegment& segment, Members& members) {
    std::vector<index::ManifestFile> files = segment.manifest.files;
    std::ranges::stable_sort(files, {}, place_of);  // by name within a place
    if (files.size() < 2 || place_of(files.back()) != 3 || place_of(files[files.size() - 2]) != 2) {
        return Error{.code = Errc::corrupt,
                     .what = "files; expected a table of batches and checksums among them",
                     .file = fmt::format("{}/{}", segment.directory, index::kManifestFile)};
    }
    for (const index::ManifestFile& file : files) {
        auto added = members.add_known(file, fmt::format("{}/{}", segment.directory, file.name),
                                       {.chunk_bytes = kIndexChunkBytes}, "index's file");
        if (!added) {
            return added;
        }
    }
    return members.add_bytes(std::string(index::kManifestFile),
                             index::write_manifest(packed_manifest(segment.manifest)).bytes());
}

}  // namespace

Result<IndexedSegment> find_segment(io::Fs& fs, const std::string& directory,
                                    const std::optional<std::string>& log_directory, const std::string& topic_id) {
    IndexedSegment segment{.directory = directory};
    {
        const auto index = index::SegmentIndex::open(index::members_of_directory(fs, directory));
        if (!index) {
            return index.error();
        }
        segment.manifest = (*index)->manifest();
    }
    for (const std::string& path : log_paths(directory, segment.manifest, log_directory)) {
        const auto there = is_file(fs, path);
        if (!there) {
            return there.error();
        }
        segment.has_log = segment.has_log || *there;
        if (*there || segment.log.empty()) {
            segment.log = path;
        }
        if (*there) {
            break;
        }
    }
    segment.topic_id = topic_id;
    if (topic_id.empty() && segment.has_log) {
        auto found = topic_id_beside(fs, segment.log);
        if (!found) {
            return found.error();
        }
        segment.topic_id = *std::move(found);
    }
    return segment;
}

Result<LogSurvey> survey_segment(io::Fs& fs, const IndexedSegment& segment, const ContentOptions& options) {
    const auto log = fs.open(segment.log);
    if (!log) {
        return log.error();
    }
    const auto size = (*log)->size();
    if (!size) {
        return size.error().in_file(segment.log);
    }
    const index::Manifest& manifest = segment.manifest;
    if (*size != manifest.log_size) {
        return differs(segment.log, "not the log of this index: size", fmt::format("{}", manifest.log_size),
                       fmt::format("{}", *size));
    }
    auto survey = survey_log(**log, manifest.base_offset, {.stop = options.stop, .on_read = options.on_read});
    if (!survey) {
        return survey.error().in_file(segment.log);
    }
    if (survey->crc32c != manifest.log_crc32c) {
        return differs(segment.log, "not the log of this index: checksum", fmt::format("0x{:08x}", manifest.log_crc32c),
                       fmt::format("0x{:08x}", survey->crc32c));
    }
    return survey;
}

Result<void> write_contents(io::Fs& fs, const IndexedSegment& segment, const LogSurvey& survey,
                            const ContentOptions& options, archive::ArchiveWriter& writer) {
    Members members(fs, options, writer);
    const index::Manifest& manifest = segment.manifest;
    auto added = members.add_known(
        {.name = segment_member(manifest.base_offset, ".log"), .size = manifest.log_size, .crc32c = manifest.log_crc32c},
        segment.log, {.chunk_bytes = kLogChunkBytes, .store = survey.compressed}, "log");
    if (added) {
        added = add_side_files(fs, segment, survey, members);
    }
    return added ? add_index(segment, members) : added;
}

}  // namespace kseg::store
