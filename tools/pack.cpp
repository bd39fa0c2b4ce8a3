// SPDX-License-Identifier: Apache-2.0
// kseg pack: archives of segments in a store.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "choice.hpp"
#include "command.hpp"
#include "pack_lines.hpp"
#include "pack_modes.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "stop.hpp"
#include "store/archive_manifest.hpp"
#include "store_option.hpp"

namespace kseg::tools {
namespace {

constexpr unsigned kMostJobs = 8;

/// What is wrong with the options taken together, or an empty text.
std::string conflict(const PackCommand& command) {
    const int modes =
        (command.list ? 1 : 0) + (command.verify ? 1 : 0) + (command.extract ? 1 : 0) + (command.remove ? 1 : 0);
    if (modes > 1) {
        return "--list, --verify, --extract and --remove exclude each other";
    }
    if (command.deep && !command.verify) {
        return "--deep goes with --verify";
    }
    if (command.overwrite && !command.extract) {
        return "--overwrite goes with --extract";
    }
    if (command.extract && (command.extract->empty() || *command.extract == "-")) {
        return "--extract needs a directory";
    }
    if (command.dry_run && modes != 0 && !command.remove) {
        return "--dry-run goes with packing and --remove";
    }
    if (modes != 0 && (command.format || command.log_directory || command.topic_id || command.watch)) {
        return "--format, --log-dir, --topic-id and --watch go with packing";
    }
    if (command.topic_id && !store::is_topic_id(*command.topic_id)) {
        return "--topic-id: expected 22 characters of base64, as Kafka writes them, got \"" + *command.topic_id + "\"";
    }
    if (command.names.empty() && (modes == 0 || command.remove)) {
        return command.remove ? "--remove needs names of archives" : "segment indexes to pack are needed";
    }
    return "";
}

std::string scratch_directory() {
    const char* const directory = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nothing sets it
    return directory == nullptr || *directory == '\0' ? "/tmp" : directory;
}

Exit run_pack(const PackCommand& command, const Globals& globals) {
    Report report(globals);
    if (const std::string what = conflict(command); !what.empty()) {
        report.error({.code = Errc::invalid, .what = what});
        return Exit::usage;
    }
    const auto store = open_store(command.store, [&report](std::string_view text) { report.detail(text); });
    if (!store) {
        report.error(store.error());
        return store.error().code == Errc::invalid ? Exit::usage : report.status();
    }
    Progress progress(globals);
    PackPrinter printer(command.json, report);
    const PackContext context{.command = command,
                              .store = **store,
                              .report = report,
                              .printer = printer,
                              .progress = progress,
                              .scratch = scratch_directory()};
    if (command.list) {
        list_archives(context);
    } else if (command.verify) {
        verify_archives(context);
    } else if (command.extract) {
        extract_archives(context);
    } else if (command.remove) {
        remove_archives(context);
    } else {
        pack_segments(context);
    }
    return stop_asked() && !command.watch ? Exit::interrupted : report.status();
}

void add_options(CLI::App& app, PackCommand& command) {
    app.add_option(
        "NAME", command.names,
        "Segment indexes, or directories of them or of logs; of the modes: archives, or what their names begin with");
    add_store_options(app, command.store)->required();
    using archive::Format;
    add_choice<std::optional<Format>>(app, "--format", command.format,
                                      {{"tar.gz", Format::tar_gz}, {"tar.zst", Format::tar_zst}},
                                      "What archives are (tar.gz)");
    app.add_flag("-n,--dry-run", command.dry_run, "Say what would be packed or removed, and leave it");
    app.add_option("--log-dir", command.log_directory, "Where the logs are, in place of where the indexes say")
        ->option_text("DIR");
    app.add_option("--topic-id", command.topic_id, "The topic's id, in place of what partition.metadata says")
        ->option_text("ID");
    app.add_flag("--watch", command.watch,
                 "Go on with segments of log directories that are sealed later, until interrupted");
    app.add_option("-j,--jobs", command.jobs, "Threads that compress or decompress (default: the cores, at most 8)")
        ->option_text("N")
        ->check(CLI::Range(1, 256).description(""));
    const std::string group = "Modes";
    app.add_flag("--list", command.list, "List archives")->group(group);
    app.add_flag("--verify", command.verify, "Read archives and verify all that can be")->group(group);
    app.add_flag("--deep", command.deep, "Also decode every batch, and make the index again to compare it")->group(group);
    app.add_option("--extract", command.extract, "Unpack archives to DIR/TOPIC-PARTITION/BASE_OFFSET/")
        ->option_text("DIR")
        ->group(group);
    app.add_flag("--overwrite", command.overwrite, "Let unpacked files replace others")->group(group);
    app.add_flag("--remove", command.remove, "Remove archives")->group(group);
    app.add_flag("--json", command.json, "Print a JSON object for each archive");
}

}  // namespace

void add_pack(CLI::App& app, Globals& globals, Run& run) {
    CLI::App* const command = app.add_subcommand("pack", "Pack segments with their indexes into archives in a store");
    auto options = std::make_shared<PackCommand>();
    options->jobs = std::clamp(std::thread::hardware_concurrency(), 1U, kMostJobs);
    add_options(*command, *options);
    add_global_options(*command, globals);
    command->callback([&globals, &run, options] { run = [&globals, options] { return run_pack(*options, globals); }; });
}

}  // namespace kseg::tools
