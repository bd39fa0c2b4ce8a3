// SPDX-License-Identifier: Apache-2.0
// kseg decode: what is in a segment.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "choice.hpp"
#include "command.hpp"
#include "inputs.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "segment_reader.hpp"

namespace kseg::tools {
namespace {

constexpr unsigned kMostThreads = 8;

struct DecodeOptions {
    std::vector<std::string> files;
    OutputOptions output;
    RangeOptions range;
    ReadOptions read;
    bool batches = false;
    bool summary = false;
    bool hexdump = false;
};

Mode mode_of(const DecodeOptions& options) {
    const Format format = options.output.format;
    if (options.summary) {
        return Mode::summary;
    }
    if (options.hexdump) {
        return Mode::hexdump;
    }
    if (format == Format::raw) {
        return Mode::raw;
    }
    if (options.batches) {
        return format == Format::jsonl ? Mode::batches_jsonl : Mode::batches_text;
    }
    return format == Format::jsonl ? Mode::records_jsonl : Mode::records_text;
}

/// What is wrong with the options taken together, or nothing.
const char* conflict(const DecodeOptions& options) {
    if (options.hexdump && options.output.format != Format::text) {
        return "--hexdump is text; it excludes --format and --json";
    }
    if (options.output.format == Format::raw && options.summary) {
        return "--format raw prints batches as they are; it excludes --summary";
    }
    return options.read.selection.shallow && options.read.selection.key_glob
               ? "--key needs the records that --shallow leaves alone"
               : nullptr;
}

Exit run_decode(DecodeOptions& options, const Globals& globals) {
    Report report(globals);
    if (const char* const what = conflict(options)) {
        report.error({.code = Errc::invalid, .what = what});
        return Exit::usage;
    }
    Archives archives;
    const std::vector<Input> inputs = expand_inputs(options.files, report, &archives);
    if (options.read.follow && std::ranges::any_of(inputs, &Input::sealed)) {
        report.error({.code = Errc::invalid, .what = "--follow waits for more, which archives and indexes do not get"});
        return Exit::usage;
    }
    options.read.mode = mode_of(options);
    options.read.summary_json = options.output.format == Format::jsonl;
    options.read.named_on_lines = inputs.size() > 1;
    options.read.selection.range = options.range.range;
    options.read.selection.limit = options.range.limit.value_or(options.read.selection.limit);
    options.read.selection.bytes = options.output.bytes;
    if (inputs.empty()) {
        return report.status();
    }
    auto sink = open_output(options.output);
    if (!sink) {
        report.error(sink.error());
        return report.status();
    }
    Progress progress(globals);
    progress.set_total(total_size(inputs));
    SegmentReader reader(options.read, archives, **sink, report, progress);
    for (const Input& input : inputs) {
        if (reader.stopped()) {
            break;
        }
        reader.read(input);
    }
    reader.finish();
    progress.clear();
    if (reader.interrupted()) {
        return Exit::interrupted;
    }
    // What could be read is kept even where something else could not: the exit status tells.
    if (const auto committed = (*sink)->commit(); !committed) {
        report.error(committed.error());
    }
    return report.status();
}

void add_options(CLI::App& app, DecodeOptions& options) {
    app.add_option("FILE", options.files,
                   "Segments, batches, Chronik WALs, archives, files beside segments, directories, indexes; - is stdin")
        ->required();
    auto* batches = app.add_flag("--batches", options.batches, "Print batches and gaps in place of records");
    auto* summary =
        app.add_flag("--summary", options.summary, "Print totals, codecs, time range, missing offsets and damage");
    auto* hexdump = app.add_flag("--hexdump", options.hexdump, "Print every field of each batch beside its bytes");
    batches->excludes(summary)->excludes(hexdump);
    summary->excludes(hexdump);
    add_range_options(app, options.range);
    app.add_option("--key", options.read.selection.key_glob,
                   "Only records whose key matches this pattern of *, ? and [a-z]")
        ->option_text("GLOB");
    app.add_flag("--damaged", options.read.selection.damaged, "Print the records of batches whose CRC is wrong too");
    app.add_flag("--shallow", options.read.selection.shallow, "Do not decode the bodies of batches");
    app.add_flag("--follow", options.read.follow, "Wait for more at the end, until interrupted");
    const std::map<std::string, Coding> codings{
        {"auto", Coding::automatic}, {"raw", Coding::raw}, {"hex", Coding::hex}, {"base64", Coding::base64}};
    add_choice<Coding>(app, "--input", options.read.coding, codings,
                       "How the input is written; auto tells by its first bytes");
    add_size_option(app, "--max-batch-bytes", options.read.selection.max_batch_bytes,
                    "A batch that is larger, or decompresses to more, is damage (1 GiB)");
    app.add_option("-j,--jobs", options.read.threads, "Threads that print (default: the cores, at most 8)")
        ->option_text("N")
        ->check(CLI::Range(1, 256).description(""));
    add_output_options(app, options.output);
}

}  // namespace

void add_decode(CLI::App& app, Globals& globals, Run& run) {
    CLI::App* const command = app.add_subcommand("decode", "Print records and batches of Kafka log segments");
    auto options = std::make_shared<DecodeOptions>();
    options->read.threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
    add_options(*command, *options);
    add_global_options(*command, globals);
    command->callback([&globals, &run, options] { run = [&globals, options] { return run_decode(*options, globals); }; });
}

}  // namespace kseg::tools
