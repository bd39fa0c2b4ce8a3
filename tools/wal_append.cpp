// SPDX-License-Identifier: Apache-2.0
// kseg wal-append: appends to a write-ahead log.
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <charconv>
#include <memory>
#include <vector>

#include "append_input.hpp"
#include "append_options.hpp"
#include "append_session.hpp"
#include "command.hpp"
#include "finding_report.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "system_clock.hpp"
#include "wal/verify.hpp"
#include "wal/wal.hpp"

namespace kseg::tools {
namespace {

struct WalAppendOptions {
    std::string wal;
    segment::PartitionName partition;
    std::vector<std::string> files;
    AppendInputOptions input;
    wal::Options log;
    bool seal = false;
    bool ack = false;
    bool verify = false;
};

Exit run_verify(const WalAppendOptions& options, Report& report) {
    const std::string name = fmt::format("{}-{}", options.partition.topic, options.partition.partition);
    const auto totals = wal::verify(io::posix_fs(), fmt::format("{}/{}", options.wal, name),
                                    [&report](const wal::Finding& finding) { report_finding(finding, report); });
    if (!totals) {
        report.error(totals.error());
        return report.status();
    }
    const std::string line =
        fmt::format("{}: offsets {} to {}, {} records in {} batches, {} bytes in {} segments\n", name, totals->start_offset,
                    totals->end_offset, totals->records, totals->batches, totals->bytes, totals->segments);
    if (const auto written = io::sink_to_descriptor(STDOUT_FILENO)->write(as_bytes(line)); !written) {
        return written.error().what == io::kBrokenPipe ? Exit::failed : (report.error(written.error()), report.status());
    }
    return report.status();
}

Exit run_append(WalAppendOptions& options, const Globals& globals, Report& report) {
    const std::vector<Input> inputs = inputs_of(options.files, options.partition, report);
    if (report.status() == Exit::failed) {
        return Exit::failed;  // nothing was appended yet: all or none of the files can be read
    }
    const SystemClock clock;
    const auto wal = wal::Wal::open(io::posix_fs(), clock, options.wal, options.log);
    if (!wal) {
        report.error(wal.error());
        return report.status();
    }
    const auto log = (*wal)->partition(options.partition);
    for (const wal::Finding& finding : (*wal)->findings()) {
        report_finding(finding, report);
    }
    if (!log) {
        report.error(log.error());
        (void)(*wal)->close();  // other logs of the directory are as clean as they were
        return report.status();
    }
    const auto acks = options.ack ? io::sink_to_descriptor(STDOUT_FILENO) : nullptr;
    AppendSession session(**log, options.input.batcher.keep_offsets, acks.get(), report);
    Progress progress(globals);
    std::uint64_t total = 0;
    for (const Input& input : inputs) {
        total += input.size;
    }
    progress.set_total(total);
    AppendInput input(options.input, session, report, progress);
    for (std::size_t i = 0; i < inputs.size() && !session.stopped() && !input.interrupted(); ++i) {
        input.read(inputs[i]);
    }
    progress.clear();
    if (options.seal && !session.stopped() && !input.interrupted()) {
        if (const auto sealed = (*log)->seal(); !sealed) {
            report.error(sealed.error());
        }
    }
    if (const auto closed = (*wal)->close(); !closed && !session.stopped()) {
        report.error(closed.error());
    }
    session.acknowledge();
    return input.interrupted() ? Exit::interrupted : (session.reader_gone() ? Exit::failed : report.status());
}

Exit run_wal_append(WalAppendOptions& options, const Globals& globals) {
    Report report(globals);
    if (options.verify && (!options.files.empty() || options.seal || options.ack)) {
        report.error({.code = Errc::invalid, .what = "--verify writes nothing; it excludes FILE, --seal and --ack"});
        return Exit::usage;
    }
    if (options.input.codec && options.input.form == wal::AppendForm::batches) {
        report.error({.code = Errc::invalid, .what = "batches are appended as they are; --codec is for lines and jsonl"});
        return Exit::usage;
    }
    if (options.files.empty()) {
        options.files.emplace_back("-");
    }
    options.input.batcher.codec = options.input.codec.value_or(codec::Codec::none);
    return options.verify ? run_verify(options, report) : run_append(options, globals, report);
}

}  // namespace

void add_wal_append(CLI::App& app, Globals& globals, Run& run) {
    CLI::App* const command = app.add_subcommand("wal-append", "Append records or batches to a write-ahead log");
    auto options = std::make_shared<WalAppendOptions>();
    command->add_option("--wal", options->wal, "The log's directory, made where it is missing")
        ->required()
        ->option_text("DIR");
    command->add_option("--topic", options->partition.topic, "The topic to append to")->required()->option_text("TOPIC");
    command->add_option("--partition", options->partition.partition, "Its partition (0)")->option_text("N");
    command->add_option("FILE", options->files, "What to append; - or none is stdin");
    add_append_input_options(*command, options->input);
    add_append_log_options(*command, options->log);
    command->add_flag("--seal", options->seal, "When done, end the segment and begin an empty one");
    command->add_flag("--ack", options->ack, "Print a JSON line for each batch once it is durable");
    command->add_flag("--verify", options->verify, "Read all of the log and report what is wrong; write nothing");
    add_global_options(*command, globals);
    command->callback(
        [&globals, &run, options] { run = [&globals, options] { return run_wal_append(*options, globals); }; });
}

}  // namespace kseg::tools
