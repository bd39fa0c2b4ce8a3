// SPDX-License-Identifier: Apache-2.0
// kseg recrc: mend batches whose CRC is wrong.
#include <unistd.h>

#include <memory>
#include <vector>

#include "choice.hpp"
#include "command.hpp"
#include "inputs.hpp"
#include "mend_run.hpp"
#include "print/mend_report.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace kseg::tools {
namespace {

struct RecrcOptions {
    std::vector<std::string> files;
    MendRunOptions run;
    bool no_backup = false;
    Format format = Format::text;
};

/// What is wrong with the options taken together, or an empty text.
std::string conflict(const RecrcOptions& options) {
    const MendRunOptions& run = options.run;
    const bool has_output = run.output != "-";
    if (run.dry_run && (has_output || run.in_place || !run.rejects.empty())) {
        return "--dry-run writes nothing; it excludes --output, --in-place and --rejects";
    }
    if (run.in_place && has_output) {
        return "--in-place and --output exclude each other";
    }
    if (options.no_backup && !run.in_place) {
        return "--no-backup is for --in-place";
    }
    if (!run.rejects.empty() && !run.mend.salvage) {
        return "--rejects takes what --salvage leaves out";
    }
    if (run.rejects == "-") {
        return "--rejects needs a file";
    }
    if (!run.dry_run && !run.in_place && !has_output && ::isatty(STDOUT_FILENO) == 1) {
        return "mended batches are not written to a terminal; use --output, --in-place or --dry-run";
    }
    for (const std::string& file : options.files) {
        if (run.in_place && file == "-") {
            return "--in-place needs files, not stdin";
        }
        if (!run.dry_run && !run.in_place && is_same_file(file, run.output)) {
            return file + " is an input and cannot be the output; use --in-place";
        }
        if (!run.rejects.empty() && (is_same_file(file, run.rejects) || is_same_file(run.rejects, run.output))) {
            return run.rejects + " cannot take the rejects: it is an input or the output";
        }
    }
    return {};
}

Exit run_recrc(RecrcOptions& options, const Globals& globals) {
    Report report(globals);
    if (const std::string what = conflict(options); !what.empty()) {
        report.error({.code = Errc::invalid, .what = what});
        return Exit::usage;
    }
    options.run.backup = !options.no_backup;
    const std::vector<Input> inputs = expand_inputs(options.files, report);
    // Mended bytes on stdout leave stderr to the report.
    const bool data_on_stdout = !options.run.dry_run && !options.run.in_place && options.run.output == "-";
    const auto lines_sink = io::sink_to_descriptor(data_on_stdout ? STDERR_FILENO : STDOUT_FILENO);
    const bool jsonl = options.format == Format::jsonl;
    MendReport lines({.jsonl = jsonl,
                      .named_on_lines = inputs.size() > 1,
                      .nothing_written = options.run.dry_run,
                      .silent = globals.quiet && data_on_stdout && !jsonl,
                      .max_batch_bytes = options.run.mend.max_batch_bytes},
                     *lines_sink);
    Progress progress(globals);
    std::uint64_t total = 0;
    for (const Input& input : inputs) {
        total += input.size;
    }
    progress.set_total(total);
    MendRun run(options.run, lines, report, progress);
    if (inputs.empty() || !run.open()) {
        return report.status();
    }
    for (const Input& input : inputs) {
        if (run.stopped()) {
            break;
        }
        run.mend(input);
    }
    progress.clear();
    run.finish();
    return run.interrupted() ? Exit::interrupted : report.status();
}

void add_options(CLI::App& app, RecrcOptions& options) {
    MendRunOptions& run = options.run;
    app.add_option("FILE", options.files, "Segments, captured batches, partition or log directories; - is stdin")
        ->required();
    app.add_flag("-n,--dry-run", run.dry_run, "Report only");
    app.add_option("-o,--output", run.output,
                   "Write to FILE, which appears whole or not at all, or to files below a directory; - is stdout")
        ->option_text("FILE");
    app.add_flag("--overwrite", run.overwrite, "Replace outputs and backups that are there");
    app.add_flag("--in-place", run.in_place, "Mend each file where it is, and keep the old one as FILE.bak");
    app.add_flag("--no-backup", options.no_backup, "Keep no FILE.bak");
    app.add_flag("--trust-body", run.mend.trust_body, "Recompute wherever the body parses");
    app.add_flag("--force", run.mend.force, "Recompute always");
    app.add_flag("--salvage", run.mend.salvage, "Leave out what cannot be mended");
    app.add_option("--rejects", run.rejects, "Write what --salvage leaves out to FILE")->option_text("FILE");
    add_size_option(app, "--max-batch-bytes", run.mend.max_batch_bytes,
                    "A batch that is larger, or decompresses to more, is damage (1 GiB)");
    add_edit_options(app, run.mend.edits, run.mend.base_offset);
    add_choice<Format>(app, "-f,--format", options.format, {{"text", Format::text}, {"jsonl", Format::jsonl}},
                       "How to report: for people or as JSON lines");
    app.add_flag_callback(
        "--json", [&options] { options.format = Format::jsonl; }, "The same as --format jsonl");
}

}  // namespace

void add_recrc(CLI::App& app, Globals& globals, Run& run) {
    CLI::App* const command = app.add_subcommand("recrc", "Mend batches whose CRC is wrong");
    auto options = std::make_shared<RecrcOptions>();
    add_options(*command, *options);
    add_global_options(*command, globals);
    command->callback([&globals, &run, options] { run = [&globals, options] { return run_recrc(*options, globals); }; });
}

}  // namespace kseg::tools
