// SPDX-License-Identifier: Apache-2.0
// Packs the sealed segments of log directories, which may be those of a running broker: nothing is written to them.
#include <fmt/format.h>
#include <poll.h>

#include <memory>
#include <utility>

#include "index/segment_finder.hpp"
#include "pack_modes.hpp"
#include "stop.hpp"
#include "store/pack_scratch.hpp"
#include "store/segment_life.hpp"

namespace kseg::tools {
namespace {

constexpr int kPollMs = 1000;

/// What was unpacked from an archive has an index in the same directory.
bool holds_logs(const std::string& directory) {
    const auto segments = segment::list_segments(directory);
    const auto manifest = io::posix_fs().info(fmt::format("{}/{}", directory, index::kManifestFile));
    return segments && !segments->empty() && manifest && !manifest->has_value();
}

void report_life(const PackContext& context, const index::SealedSegment& segment, const store::SegmentLife& life) {
    if (life.outcome == store::LifeOutcome::gone) {
        context.report.detail(segment.path + ": not packed, the segment is gone");
        return;
    }
    const bool done = life.outcome == store::LifeOutcome::was_archived;
    const bool dry_run = context.command.dry_run && !done;
    const std::string what = done ? "up to date" : (dry_run ? "would be packed" : "packed");
    const std::string records = fmt::format("{} records in {} bytes", life.manifest.records, life.manifest.log_size);
    const std::string text = dry_run ? fmt::format("{}: {}; {}", segment.path, what, records)
                                     : fmt::format("{}: {}; {} in {}", segment.path, what, records, to_string(life.name));
    if (context.command.dry_run) {
        context.printer.text(text + "\n");
    } else {
        context.report.detail(text);
    }
    context.printer.json(
        life.name,
        {.action = done ? "up_to_date" : (dry_run ? "would_pack" : "packed"), .path = segment.path, .written = !dry_run});
    if (life.manifest.damaged != 0) {
        context.report.damage(segment.path,
                              fmt::format("the log is damaged in {} places, and packed as it is", life.manifest.damaged));
        context.report.end_file(segment.path);
    }
}

}  // namespace

bool is_log_directory(const std::string& path) {
    if (holds_logs(path)) {
        return true;
    }
    const auto partitions = segment::list_partitions(path);
    if (partitions) {
        for (const std::string& partition : *partitions) {
            if (holds_logs(partition)) {
                return true;
            }
        }
    }
    return false;
}

void pack_logs(const PackContext& context, const std::vector<std::string>& directories) {
    io::Fs& fs = io::posix_fs();
    const auto scratch = store::ScratchDirectory::create(fs, context.scratch);
    if (!scratch) {
        context.report.error(scratch.error());
        return;
    }
    store::LifeOptions options{.scratch = (*scratch)->path(),
                               .topic_id = context.command.topic_id.value_or(""),
                               .format = context.command.format.value_or(archive::Format::tar_gz),
                               .jobs = context.command.jobs > 1 ? context.command.jobs : 0,
                               .dry_run = context.command.dry_run,
                               .stop = stop_asked};
    options.on_progress = [&context](std::uint64_t done, std::uint64_t total) {
        context.progress.set_total(total);
        context.progress.show(done);
    };
    index::SegmentFinder finder(fs, {});
    for (const std::string& directory : directories) {
        finder.add_directory(directory);
    }
    do {
        for (const index::SealedSegment& segment :
             finder.poll([&context](const Error& error) { context.report.error(error); })) {
            if (stop_asked()) {
                break;
            }
            const auto life = store::archive_sealed(fs, context.store, segment, options);
            context.progress.clear();
            if (life) {
                finder.done(segment);
                report_life(context, segment, *life);
            } else if (life.error().code != Errc::cancelled) {
                finder.failed(segment);
                context.report.error(life.error());
            }
        }
        if (context.command.watch && !stop_asked()) {
            ::poll(nullptr, 0, kPollMs);  // a signal ends it
        }
    } while (context.command.watch && !stop_asked());
}

}  // namespace kseg::tools
