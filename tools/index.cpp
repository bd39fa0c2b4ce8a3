// SPDX-License-Identifier: Apache-2.0
// kseg index: segment indexes of sealed segments.
#include <fmt/format.h>
#include <poll.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "command.hpp"
#include "index_inputs.hpp"
#include "index_run.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "stop.hpp"

namespace kseg::tools {
namespace {

constexpr unsigned kMostJobs = 8;
constexpr int kPollMs = 1000;

struct IndexOptions {
    std::vector<std::string> inputs;
    index::GivenPartition given;
    IndexRunOptions run;
    bool watch = false;
};

/// Reads `key,value,headers`.
void set_fields(const std::string& text, index::IndexedFields& fields) {
    const bool paths = fields.json_paths;
    fields = {.key = false, .value = false, .headers = false, .json_paths = paths};
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const std::string word = text.substr(at, end - at);
        if (word != "key" && word != "value" && word != "headers") {
            reject("--fields", "a list of key, value and headers", text);
        }
        (word == "key" ? fields.key : (word == "value" ? fields.value : fields.headers)) = true;
        at = end + 1;
    }
}

/// What is wrong with the options taken together, or an empty text.
std::string conflict(const IndexOptions& options) {
    if (options.run.out.empty() || options.run.out == "-") {
        return "--output needs a directory";
    }
    const std::string topic = options.given.topic.value_or("t");
    const auto name = segment::parse_partition_name(topic + "-0");
    return name && name->topic == topic ? "" : fmt::format("--topic: \"{}\" cannot be the name of a topic", topic);
}

/// Adds what the command line names, and finds the first segments. False where nothing can be begun.
bool begin(const IndexOptions& options, index::SegmentFinder& finder, Report& report,
           std::vector<index::SealedSegment>& segments) {
    std::size_t added = 0;
    for (const std::string& input : options.inputs) {
        if (const auto done = add_index_input(input, finder); done) {
            ++added;
        } else {
            report.error(done.error());
        }
    }
    bool taken = false;
    segments = finder.poll([&](const Error& error) {
        report.error(error);
        taken = taken || error.code == Errc::exists;
    });
    if (!options.watch) {
        for (const std::string& directory : finder.without_logs()) {
            report.error(
                {.code = Errc::invalid, .what = "holds neither segments nor partition directories", .file = directory});
        }
    }
    return added != 0 && !taken;
}

Exit run_index(const IndexOptions& options, const Globals& globals) {
    Report report(globals);
    if (const std::string what = conflict(options); !what.empty()) {
        report.error({.code = Errc::invalid, .what = what});
        return Exit::usage;
    }
    index::SegmentFinder finder(io::posix_fs(), options.given);
    std::vector<index::SealedSegment> segments;
    if (!begin(options, finder, report, segments)) {
        return report.status();
    }
    Progress progress(globals);
    IndexRun run(options.run, finder, report, progress);
    run.make(segments);
    while (options.watch && !stop_asked()) {
        ::poll(nullptr, 0, kPollMs);  // a signal ends it
        if (!stop_asked()) {
            run.make(finder.poll([&report](const Error& error) { report.error(error); }));
        }
    }
    return stop_asked() && !options.watch ? Exit::interrupted : report.status();
}

void add_options(CLI::App& app, IndexOptions& options) {
    app.add_option("FILE", options.inputs, "Sealed segments, partition directories, log directories")->required();
    app.add_option("-o,--output", options.run.out, "The directory that takes the indexes, made where it is missing")
        ->required()
        ->option_text("DIR");
    app.add_option("--topic", options.given.topic, "The topic, in place of what a directory's name says")
        ->option_text("TOPIC");
    app.add_option("--partition", options.given.partition, "The partition likewise")
        ->option_text("N")
        ->check(CLI::NonNegativeNumber.description(""));
    app.add_option_function<std::string>(
           "--fields", [&options](const std::string& text) { set_fields(text, options.run.writer.fields); },
           "Which parts of a record to index: a list of key, value and headers (all)")
        ->option_text("LIST");
    app.add_flag("--json-values", options.run.writer.fields.json_paths, "Index values that are JSON also by path");
    app.add_option("-j,--jobs", options.run.jobs, "Segments to index at once (default: the cores, at most 8)")
        ->option_text("N")
        ->check(CLI::Range(1, 256).description(""));
    app.add_flag("--watch", options.watch, "Go on with segments that are sealed later, until interrupted");
}

}  // namespace

void add_index(CLI::App& app, Globals& globals, Run& run) {
    CLI::App* const command = app.add_subcommand("index", "Make segment indexes of sealed segments");
    auto options = std::make_shared<IndexOptions>();
    options->run.jobs = std::clamp(std::thread::hardware_concurrency(), 1U, kMostJobs);
    add_options(*command, *options);
    add_global_options(*command, globals);
    command->callback([&globals, &run, options] { run = [&globals, options] { return run_index(*options, globals); }; });
}

}  // namespace kseg::tools
