// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <utility>

#include "index/segment_index.hpp"
#include "io/fs.hpp"
#include "pack_modes.hpp"
#include "stop.hpp"
#include "store/index_search.hpp"
#include "system_clock.hpp"

namespace kseg::tools {
namespace {

// Nobody is at work for so long with what a put has left.
constexpr std::chrono::milliseconds kUnfinished = std::chrono::hours(24);

/// The sizes of the logs of indexes, for the progress: 0 where that is not known yet.
std::vector<std::uint64_t> log_sizes(const std::vector<std::string>& directories) {
    std::vector<std::uint64_t> sizes;
    sizes.reserve(directories.size());
    for (const std::string& directory : directories) {
        const auto index = index::SegmentIndex::open(index::members_of_directory(io::posix_fs(), directory));
        sizes.push_back(index ? (*index)->manifest().log_size : 0);
    }
    return sizes;
}

std::string describe(const std::string& directory, const store::PackedSegment& packed, bool dry_run) {
    const std::string name = store::to_string(packed.name);
    if (packed.outcome == store::PackOutcome::up_to_date) {
        return fmt::format("{}: up to date; {}", directory, name);
    }
    const std::string log = fmt::format("{} records in {} bytes", packed.manifest.records, packed.manifest.log_size);
    return dry_run ? fmt::format("{}: would be packed; {}", directory, log)
                   : fmt::format("{}: packed; {} in {}", directory, log, name);
}

void report_packed(const PackContext& context, const std::string& directory, const store::PackedSegment& packed) {
    const bool dry_run = context.command.dry_run;
    const bool done = packed.outcome == store::PackOutcome::up_to_date;
    context.progress.clear();
    const std::string text = describe(directory, packed, dry_run);
    if (dry_run) {
        context.printer.text(text + "\n");
    } else {
        context.report.detail(text);
    }
    context.printer.json(packed.name, {.action = done ? "up_to_date" : (dry_run ? "would_pack" : "packed"),
                                       .path = directory,
                                       .written = done || !dry_run});
    if (packed.manifest.damaged != 0) {
        context.report.damage(directory,
                              fmt::format("the log is damaged in {} places, and packed as it is", packed.manifest.damaged));
        context.report.end_file(directory);
    }
}

/// Takes away what runs left that did not live to end.
void clean(const PackContext& context) {
    const auto removed =
        store::remove_leftovers(io::posix_fs(), context.store, context.scratch, SystemClock().now() - kUnfinished.count());
    if (!removed) {
        // Space, and no more: not everybody who may put may also do this.
        context.report.detail("what interrupted uploads left could not be removed: " + removed.error().message());
    } else if (*removed != 0) {
        context.report.detail(fmt::format("removed what {} interrupted uploads left", *removed));
    }
}

}  // namespace

void pack_segments(const PackContext& context) {
    const PackCommand& command = context.command;
    std::vector<std::string> directories;
    std::vector<std::string> logs;
    for (const std::string& name : command.names) {
        if (command.watch || is_log_directory(name)) {
            logs.push_back(name);
            continue;
        }
        const auto found =
            store::find_indexes(io::posix_fs(), name, [&context](const Error& error) { context.report.error(error); });
        directories.insert(directories.end(), found.begin(), found.end());
    }
    const std::vector<std::uint64_t> sizes = log_sizes(directories);
    std::uint64_t total = 0;
    for (const std::uint64_t size : sizes) {
        total += size;
    }
    context.progress.set_total(total);
    store::PackOptions options{.format = command.format.value_or(archive::Format::tar_gz),
                               .jobs = command.jobs > 1 ? command.jobs : 0,
                               .scratch = context.scratch,
                               .log_directory = command.log_directory,
                               .topic_id = command.topic_id.value_or(""),
                               .dry_run = command.dry_run,
                               .stop = stop_asked};
    std::uint64_t before = 0;
    bool used = false;
    for (std::size_t i = 0; i < directories.size() && !stop_asked(); ++i) {
        options.on_progress = [&, size = sizes[i]](std::uint64_t done, std::uint64_t all) {
            const double share = all == 0 ? 0 : static_cast<double>(done) / static_cast<double>(all);
            context.progress.show(before + static_cast<std::uint64_t>(static_cast<double>(size) * share));
        };
        const auto packed = store::pack_segment(io::posix_fs(), context.store, directories[i], options);
        before += sizes[i];
        if (packed) {
            used = true;
            report_packed(context, directories[i], *packed);
        } else if (packed.error().code != Errc::cancelled) {
            context.progress.clear();
            context.report.error(packed.error());
        }
    }
    if (used && !command.dry_run && !stop_asked()) {
        clean(context);
    }
    if (!logs.empty() && !stop_asked()) {
        pack_logs(context, logs);
    }
    context.progress.clear();
}

}  // namespace kseg::tools
