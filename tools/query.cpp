// SPDX-License-Identifier: Apache-2.0
// kseg query: records of a topic by offset, time and text.
#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "command.hpp"
#include "index/query.hpp"
#include "io/fs.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "query_partitions.hpp"
#include "query_printer.hpp"
#include "query_store.hpp"
#include "report.hpp"
#include "stop.hpp"
#include "store/listing.hpp"
#include "store/query_run.hpp"
#include "system_clock.hpp"

namespace kseg::tools {
namespace {

struct QueryOptions {
    StoreOption store;
    store::Places places;
    AskedPartitions asked;
    std::optional<std::string> match;
    RangeOptions range;
    OutputOptions output;
    bool count = false;
    bool control = false;
    bool explain = false;
};

Exit run_query(QueryOptions& options, const Globals& globals) {
    Report report(globals);
    if (options.store.url.empty() && !options.places.wal) {
        report.error({.code = Errc::invalid, .what = "--store, --wal or both say where to look"});
        return Exit::usage;
    }
    std::optional<index::Query> query;
    if (options.match) {
        auto parsed = index::Query::parse(*options.match, SystemClock().now());
        if (!parsed) {
            report.error(parsed.error().in_file("--match"));
            return Exit::usage;
        }
        query = *std::move(parsed);
    }
    const auto archives = QueryStore::open(options.store, report, options.places);
    const auto partitions =
        archives ? find_partitions(options.places, options.asked) : Result<Partitions>(archives.error());
    OutputOptions output = options.output;
    output.format = options.count ? Format::text : output.format;
    const auto sink = partitions ? open_output(output) : Result<std::unique_ptr<io::Sink>>(partitions.error());
    if (!sink) {
        report.error(sink.error());
        return report.status();
    }
    store::Request request{.range = options.range.range,
                           .match = query ? &*query : nullptr,
                           .control = options.control,
                           .take = options.output.format == Format::raw ? store::Take::batches : store::Take::records,
                           .count_only = options.count,
                           .stop = stop_asked};
    request.limit = options.range.limit.value_or(request.limit);
    Progress progress(globals);
    QueryPrinter printer(output, options.explain, **sink, report, progress);
    store::QueryRun run(io::posix_fs(), options.places, request, printer);
    for (std::size_t i = 0; i < partitions->size(); ++i) {
        auto listing = store::list_segments(io::posix_fs(), options.places, (*partitions)[i]);
        if (!listing) {
            report.error(listing.error());
            continue;
        }
        printer.begin_partition(listing->name);
        const auto more = run.answer(*std::move(listing));
        if (!more) {
            printer.finish(run.counts(), (*archives)->traffic());
            return Exit::interrupted;
        }
        if (!*more) {
            break;
        }
    }
    if (options.count) {
        printer.print_count(run.given());
    }
    printer.finish(run.counts(), (*archives)->traffic());
    progress.clear();
    if (const auto committed = (*sink)->commit(); !committed) {
        report.error(committed.error());
    }
    return report.status();
}

void add_options(CLI::App& app, QueryOptions& options) {
    add_store_options(app, options.store)
        ->description("Where archives are: a directory, or s3://BUCKET/PREFIX; a directory may hold segment indexes too");
    app.add_option("--wal", options.places.wal, "Log directory: a write-ahead log, or a broker's")->option_text("DIR");
    app.add_option("--topic", options.asked.topic, "The topic")->required()->option_text("TOPIC");
    app.add_option("--partition", options.asked.partition, "One partition of it (default: all)")
        ->option_text("N")
        ->check(CLI::Range(0, std::numeric_limits<std::int32_t>::max()).description(""));
    app.add_option("--topic-id", options.places.topic_id,
                   "The topic to take where several had this name (default: the last)")
        ->option_text("ID");
    app.add_option("--match", options.match, "Only records that this query is true of")->option_text("QUERY");
    add_range_options(app, options.range);
    app.add_flag("--control", options.control, "Control records too");
    app.add_flag("--count", options.count, "Print how many there are in place of them");
    app.add_flag("--explain", options.explain, "Say on standard error which segments were asked and what it cost");
    add_output_options(app, options.output);
}

}  // namespace

void add_query(CLI::App& app, Globals& globals, Run& run) {
    CLI::App* const command = app.add_subcommand("query", "Find records of a topic by offset, time and text");
    auto options = std::make_shared<QueryOptions>();
    add_options(*command, *options);
    add_global_options(*command, globals);
    command->callback([&globals, &run, options] { run = [&globals, options] { return run_query(*options, globals); }; });
}

}  // namespace kseg::tools
