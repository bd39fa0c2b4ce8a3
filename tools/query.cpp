// SPDX-License-Identifier: Apache-2.0
// kseg query: records of a topic by offset, time and text.
#include <fmt/format.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "index/query.hpp"
#include "io/fs.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "query_printer.hpp"
#include "report.hpp"
#include "stop.hpp"
#include "store/listing.hpp"
#include "store/query_run.hpp"
#include "system_clock.hpp"

namespace kseg::tools {
namespace {

constexpr std::size_t kMostTopicsNamed = 20;

struct QueryOptions {
    store::Places places;
    std::string topic;
    std::optional<std::int32_t> partition;
    std::optional<std::string> match;
    RangeOptions range;
    OutputOptions output;
    bool count = false;
    bool control = false;
    bool explain = false;
};

/// The error of a topic or partition that is not there, which names those that are.
Error not_there(const QueryOptions& options, const std::vector<segment::PartitionName>& all) {
    std::vector<std::string> names;
    bool has_topic = false;
    for (const segment::PartitionName& name : all) {
        has_topic = has_topic || name.topic == options.topic;
    }
    for (const segment::PartitionName& name : all) {
        std::string shown = has_topic ? fmt::format("{}", name.partition) : name.topic;
        if ((!has_topic || name.topic == options.topic) && (names.empty() || names.back() != shown)) {
            names.push_back(std::move(shown));
        }
    }
    const std::string what = has_topic ? fmt::format("no partition {} of topic {}", *options.partition, options.topic)
                                       : fmt::format("no topic {}", options.topic);
    if (names.empty()) {
        return {.code = Errc::invalid, .what = what + "; there is none at all"};
    }
    if (names.size() > kMostTopicsNamed) {
        return {.code = Errc::invalid, .what = fmt::format("{}; there are {} others", what, names.size())};
    }
    return {.code = Errc::invalid, .what = fmt::format("{}; there is {}", what, fmt::join(names, ", "))};
}

/// The partitions that are asked for.
Result<std::vector<segment::PartitionName>> find_partitions(const QueryOptions& options) {
    for (const auto& place : {options.places.store, options.places.wal}) {
        if (place && place->find("://") != std::string::npos) {
            return Error{.code = Errc::unsupported, .what = "only directories can be asked by now", .file = *place};
        }
    }
    const auto all = store::list_partitions(io::posix_fs(), options.places);
    if (!all) {
        return all.error();
    }
    std::vector<segment::PartitionName> wanted;
    for (const segment::PartitionName& name : *all) {
        if (name.topic == options.topic && (!options.partition || name.partition == *options.partition)) {
            wanted.push_back(name);
        }
    }
    return wanted.empty() ? Result<std::vector<segment::PartitionName>>(not_there(options, *all)) : wanted;
}

Exit run_query(QueryOptions& options, const Globals& globals) {
    Report report(globals);
    if (!options.places.store && !options.places.wal) {
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
    const auto partitions = find_partitions(options);
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
            printer.finish(run.counts());
            return Exit::interrupted;
        }
        if (!*more) {
            break;
        }
    }
    if (options.count) {
        printer.print_count(run.given());
    }
    printer.finish(run.counts());
    progress.clear();
    if (const auto committed = (*sink)->commit(); !committed) {
        report.error(committed.error());
    }
    return report.status();
}

void add_options(CLI::App& app, QueryOptions& options) {
    app.add_option("--store", options.places.store, "Directory of segment indexes, as index -o writes it")
        ->option_text("DIR");
    app.add_option("--wal", options.places.wal, "Log directory: a write-ahead log, or a broker's")->option_text("DIR");
    app.add_option("--topic", options.topic, "The topic")->required()->option_text("TOPIC");
    app.add_option("--partition", options.partition, "One partition of it (default: all)")
        ->option_text("N")
        ->check(CLI::Range(0, std::numeric_limits<std::int32_t>::max()).description(""));
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
