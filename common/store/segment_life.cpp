// SPDX-License-Identifier: Apache-2.0
#include "store/segment_life.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "archive/archive.hpp"
#include "store/archive_check.hpp"
#include "store/archive_manifest.hpp"
#include "store/archive_pack.hpp"
#include "store/summed_read.hpp"

namespace kseg::store {
namespace {

/// Size and checksum of a log as it is now.
struct LogSum {
    std::uint64_t bytes = 0;
    std::uint32_t crc32c = 0;
};

Result<LogSum> sum_log(io::Fs& fs, const std::string& path, const io::StopFlag& stop) {
    const auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    const SummedRead sum(**file, stop);
    if (const auto read = sum.finish(); !read) {
        return read.error().in_file(path);
    }
    return LogSum{.bytes = sum.bytes(), .crc32c = sum.crc()};
}

/// Archives of the segment, by their names.
Result<std::vector<ArchiveName>> find_archives(objects::ObjectStore& store, const index::SealedSegment& segment,
                                               const std::string& topic_id) {
    std::vector<ArchiveName> found;
    const std::string prefix = fmt::format("{}{}/{:020d}_", archive_prefix(segment.partition.topic),
                                           segment.partition.partition, segment.base_offset);
    const auto listed = store.list(prefix, [&](const objects::ObjectInfo& object) {
        auto name = parse_archive_name(object.name);
        if (name && name->size == object.size && (topic_id.empty() || name->topic_id == topic_id)) {
            found.push_back(*std::move(name));
        }
        return true;
    });
    return listed ? Result<std::vector<ArchiveName>>(std::move(found)) : listed.error();
}

/// Makes sure of an archive that is there: it is durable, and all of it is what its name says.
Result<void> vouch_for(objects::ObjectStore& store, const ArchiveName& name, const io::ReadAt& content,
                       const io::StopFlag& stop) {
    const std::string object = to_string(name);
    // Whoever put it may not have lived to make it durable; a name that is taken is so.
    if (auto durable = store.put_if_absent(object, content); !durable && durable.error().code != Errc::exists) {
        return durable;
    }
    return read_back(store, name, content, stop);
}

/// The manifest of an archive, if it is one of this log; else nothing, also where it cannot be read.
/// errors   io, cancelled
Result<std::optional<index::Manifest>> manifest_of_log(const archive::Archive& archive, const LogSum& log) {
    auto manifest = read_manifest(archive);
    if (!manifest) {
        const bool failed = manifest.error().code == Errc::io || manifest.error().code == Errc::cancelled;
        return failed ? Result<std::optional<index::Manifest>>(manifest.error()) : std::optional<index::Manifest>();
    }
    const bool same = manifest->log_size == log.bytes && manifest->log_crc32c == log.crc32c;
    return same ? std::optional(*std::move(manifest)) : std::nullopt;
}

/// The archive of the segment that the store has, verified; nothing where it has none of the log's bytes.
Result<std::optional<SegmentLife>> find_archived(io::Fs& fs, objects::ObjectStore& store,
                                                 const index::SealedSegment& segment, const LifeOptions& options) {
    const auto names = find_archives(store, segment, options.topic_id);
    if (!names) {
        return names.error();
    }
    if (names->empty()) {
        return std::optional<SegmentLife>();
    }
    const auto log = sum_log(fs, segment.path, options.stop);
    if (!log) {
        return log.error();
    }
    for (const ArchiveName& name : *names) {
        const std::string object = to_string(name);
        auto opened = store.open_listed({.name = object, .size = name.size});
        if (!opened) {
            return opened.error();
        }
        const std::shared_ptr<const io::ReadAt> content = *std::move(opened);
        const auto archive = archive::Archive::open(content, store.describe(object));
        if (!archive) {
            if (archive.error().code == Errc::io || archive.error().code == Errc::cancelled) {
                return archive.error();
            }
            continue;
        }
        auto manifest = manifest_of_log(*archive, *log);
        if (!manifest) {
            return manifest.error();
        }
        if (*manifest) {
            if (const auto good = vouch_for(store, name, *content, options.stop); !good) {
                return good.error();
            }
            return std::optional(
                SegmentLife{.outcome = LifeOutcome::was_archived, .name = name, .manifest = **std::move(manifest)});
        }
    }
    return std::optional<SegmentLife>();
}

/// Packs the index that was made of the segment.
Result<SegmentLife> pack(io::Fs& fs, objects::ObjectStore& store, const std::string& index, const LifeOptions& options) {
    const PackOptions how{.format = options.format,
                          .jobs = options.jobs,
                          .scratch = options.scratch,
                          .topic_id = options.topic_id,
                          .dry_run = options.dry_run,
                          .stop = options.stop,
                          .on_progress = options.on_progress};
    auto packed = pack_segment(fs, store, index, how);
    if (!packed) {
        return packed.error();
    }
    SegmentLife life{.name = std::move(packed->name), .manifest = std::move(packed->manifest)};
    if (packed->outcome == PackOutcome::up_to_date) {
        // It came meanwhile, from somebody else, who may not have read it back.
        const auto opened = store.open(to_string(life.name));
        if (!opened) {
            return opened.error();
        }
        if (const auto good = vouch_for(store, life.name, **opened, options.stop); !good) {
            return good.error();
        }
        life.outcome = LifeOutcome::was_archived;
    }
    return life;
}

}  // namespace

Result<SegmentLife> archive_sealed(io::Fs& fs, objects::ObjectStore& store, const index::SealedSegment& segment,
                                   const LifeOptions& options) {
    const auto there = fs.info(segment.path);
    if (!there) {
        return there.error();
    }
    if (!there->has_value()) {
        return SegmentLife{.outcome = LifeOutcome::gone};
    }
    auto archived = find_archived(fs, store, segment, options);
    if (!archived) {
        return archived.error();
    }
    if (*archived) {
        return **std::move(archived);
    }
    const auto indexes = index::PartitionIndexes::open(fs, options.scratch, segment.partition);
    if (!indexes) {
        return indexes.error();
    }
    const auto built = (*indexes)->build(segment, {.writer = options.writer, .stop = options.stop});
    if (!built) {
        return built.error();
    }
    if (built->outcome == index::BuildOutcome::gone) {
        return SegmentLife{.outcome = LifeOutcome::gone};
    }
    auto life = pack(fs, store, built->directory, options);
    // Of no more use here. One that a failure leaves is taken by the next attempt as it is.
    if (life && !options.dry_run) {
        (void)io::remove_with_files(fs, built->directory);
    }
    return life;
}

Result<std::uint64_t> remove_archives_of(objects::ObjectStore& store, const std::string& topic, const std::string& topic_id,
                                         const io::StopFlag& stop) {
    std::vector<std::string> names;
    const auto listed = store.list(archive_prefix(topic), [&](const objects::ObjectInfo& object) {
        const auto name = parse_archive_name(object.name);
        if (name && name->topic_id == topic_id) {
            names.push_back(object.name);
        }
        return true;
    });
    if (!listed) {
        return listed.error();
    }
    for (const std::string& name : names) {
        if (stop && stop()) {
            return Error{.code = Errc::cancelled, .what = "interrupted"};
        }
        if (const auto removed = store.remove(name); !removed) {
            return removed.error();
        }
    }
    return std::uint64_t{names.size()};
}

}  // namespace kseg::store
