// SPDX-License-Identifier: Apache-2.0
#include "store/archive_pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "archive/archive.hpp"
#include "archive/writer.hpp"
#include "store/archive_check.hpp"
#include "store/archive_contents.hpp"
#include "store/archive_manifest.hpp"
#include "store/pack_scratch.hpp"
#include "store/summed_read.hpp"

namespace kseg::store {
namespace {

/// Counts what is done of one segment: its log is read twice, its index once, the archive is put and read back.
class Counter {
  public:
    Counter(const PackOptions& options, const index::Manifest& manifest)
        : options_(options), read_bytes_(2 * manifest.log_size) {
        for (const index::ManifestFile& file : manifest.files) {
            read_bytes_ += file.size;
        }
        archive_is(manifest.log_size);  // until that is known
    }

    [[nodiscard]] ReadNotice notice() {
        return [this](std::size_t bytes) {
            done_ += bytes;
            tell();
        };
    }

    void archive_is(std::uint64_t bytes) { total_ = read_bytes_ + 2 * bytes; }

    void tell() const {
        if (options_.on_progress) {
            options_.on_progress(done_, std::max(done_, total_));
        }
    }

  private:
    const PackOptions& options_;
    std::uint64_t read_bytes_;
    std::uint64_t total_ = 0;
    std::uint64_t done_ = 0;
};

/// Whether the archive is there, and is one of this manifest. What cannot be read is not.
/// errors   io, cancelled
Result<bool> has_manifest(objects::ObjectStore& store, const std::string& object, const index::Manifest& wanted,
                          bool dry_run) {
    const auto usable = [](const Error& error) -> Result<bool> {
        const bool failed = error.code == Errc::io || error.code == Errc::cancelled;
        return failed ? Result<bool>(error) : Result<bool>(false);
    };
    auto opened = store.open(object);
    if (!opened) {
        return usable(opened.error());
    }
    const std::shared_ptr<const io::ReadAt> content = *std::move(opened);
    const auto archive = archive::Archive::open(content, store.describe(object));
    if (!archive) {
        return usable(archive.error());
    }
    const auto manifest = read_manifest(*archive);
    if (!manifest) {
        return usable(manifest.error());
    }
    if (*manifest != wanted || dry_run) {
        return *manifest == wanted;
    }
    // Whoever put it may have had no time to make it durable; a name that is taken is so.
    const auto durable = store.put_if_absent(object, *content);
    return durable || durable.error().code == Errc::exists ? Result<bool>(true) : durable.error();
}

/// The archive in the store that this one would be.
Result<std::optional<ArchiveName>> find_equal(objects::ObjectStore& store, const ArchiveName& name,
                                              const index::Manifest& manifest, bool dry_run) {
    std::vector<ArchiveName> candidates;
    const std::string prefix =
        fmt::format("{}{}/{:020d}_", archive_prefix(name.partition.topic), name.partition.partition, name.base_offset);
    const auto listed = store.list(prefix, [&](const objects::ObjectInfo& object) {
        auto there = parse_archive_name(object.name);
        if (there && there->size == object.size) {
            ArchiveName wanted = name;
            wanted.topic_id = name.topic_id.empty() ? there->topic_id : name.topic_id;
            if (same_segment(*there, wanted)) {
                candidates.push_back(*std::move(there));
            }
        }
        return true;
    });
    if (!listed) {
        return listed.error();
    }
    for (const ArchiveName& candidate : candidates) {
        const auto equal = has_manifest(store, to_string(candidate), packed_manifest(manifest), dry_run);
        if (!equal) {
            return equal.error();
        }
        if (*equal) {
            return std::optional(candidate);
        }
    }
    return std::optional<ArchiveName>();
}

/// Writes the archive of a segment to a scratch file; sets size and checksum in its name.
Result<std::unique_ptr<ScratchFile>> write_archive(io::Fs& fs, const IndexedSegment& segment, const PackOptions& options,
                                                   Counter& counter, ArchiveName& name) {
    const ContentOptions content{.stop = options.stop, .on_read = counter.notice()};
    const auto survey = survey_segment(fs, segment, content);
    if (!survey) {
        return survey.error();
    }
    auto scratch = ScratchFile::create(fs, options.scratch);
    if (!scratch) {
        return scratch.error();
    }
    const auto writer = archive::ArchiveWriter::begin(**scratch, {.format = options.format, .jobs = options.jobs});
    if (!writer) {
        return writer.error();
    }
    if (const auto done = write_contents(fs, segment, *survey, content, **writer); !done) {
        return done.error();
    }
    const auto written = (*writer)->finish();
    if (!written) {
        return written.error();
    }
    name.size = written->bytes;
    name.crc32c = written->crc32c;
    return scratch;
}

/// Puts the archive and reads all of it back.
Result<void> put(objects::ObjectStore& store, const io::ReadAt& archive, const ArchiveName& name,
                 const PackOptions& options, Counter& counter) {
    const std::string object = to_string(name);
    auto done = store.put_if_absent(object, SummedRead(archive, options.stop, counter.notice()));
    if (!done && done.error().code != Errc::exists) {
        return done;
    }
    const auto opened = store.open(object);
    if (!opened) {
        return opened.error();
    }
    return read_back(store, name, **opened, options.stop, counter.notice());
}

}  // namespace

Result<PackedSegment> pack_segment(io::Fs& fs, objects::ObjectStore& store, const std::string& directory,
                                   const PackOptions& options) {
    auto segment = find_segment(fs, directory, options.log_directory, options.topic_id);
    if (!segment) {
        return segment.error().in_file(directory);
    }
    auto name = name_archive(segment->manifest, segment->topic_id, options.format);
    if (!name) {
        return name.error().in_file(directory);
    }
    auto equal = find_equal(store, *name, segment->manifest, options.dry_run);
    if (!equal) {
        return equal.error();
    }
    if (equal->has_value()) {
        return PackedSegment{
            .outcome = PackOutcome::up_to_date, .name = **std::move(equal), .manifest = std::move(segment->manifest)};
    }
    if (!segment->has_log) {
        return Error{.code = Errc::io,
                     .what = fmt::format("its log is not there, expected {}; --log-dir tells where logs are", segment->log),
                     .file = directory};
    }
    if (options.dry_run) {
        return PackedSegment{.name = *std::move(name), .manifest = std::move(segment->manifest)};
    }
    Counter counter(options, segment->manifest);
    const auto archive = write_archive(fs, *segment, options, counter, *name);
    if (!archive) {
        return archive.error().in_file(directory);
    }
    counter.archive_is(name->size);
    if (const auto done = put(store, (*archive)->content(), *name, options, counter); !done) {
        return done.error();
    }
    return PackedSegment{.name = *std::move(name), .manifest = std::move(segment->manifest)};
}

Result<std::uint64_t> remove_leftovers(io::Fs& fs, objects::ObjectStore& store, const std::string& scratch,
                                       TimestampMs before) {
    const auto cleared = ScratchFile::remove_leftovers(fs, scratch);
    auto removed = store.remove_unfinished(before);
    return cleared || !removed ? std::move(removed) : Result<std::uint64_t>(cleared.error());
}

}  // namespace kseg::store
