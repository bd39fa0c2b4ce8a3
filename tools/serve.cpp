// SPDX-License-Identifier: Apache-2.0
// kseg serve: a Kafka broker over a log directory.
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <random>

#include "broker/broker.hpp"
#include "broker/server.hpp"
#include "broker/workers.hpp"
#include "command.hpp"
#include "finding_report.hpp"
#include "io/sink.hpp"
#include "io/unsynced_fs.hpp"
#include "options.hpp"
#include "process_limits.hpp"
#include "report.hpp"
#include "serve_options.hpp"
#include "serve_store.hpp"
#include "stop.hpp"
#include "system_clock.hpp"
#include "temporary_directory.hpp"
#include "wal/files.hpp"

namespace kseg::tools {
namespace {

/// They wait for disks and stores more than they compute.
constexpr unsigned kWorkers = 4;

Result<void> tell_address(const ServeOptions& options, std::uint16_t port) {
    const broker::Address address{.host = options.listen.host, .port = port};
    if (!options.port_file.empty()) {
        if (auto written = wal::replace_content(io::posix_fs(), options.port_file, as_bytes(address.text() + "\n"));
            !written) {
            return written;
        }
    }
    return io::sink_to_descriptor(STDOUT_FILENO)->write(as_bytes(fmt::format("BROKERS={}\n", address.text())));
}

Result<void> serve(ServeOptions& options, Report& report) {
    const SystemClock clock;
    const SteadyClock steady;
    std::random_device device;
    auto loop = broker::EpollLoop::create(steady);
    if (!loop) {
        return loop.error();
    }
    wake_on_stop((*loop)->wake_descriptor());
    // What is removed at the end need not survive anything, and a disk takes milliseconds for each file of a topic.
    io::Fs& fs = options.is_temporary ? io::unsynced_fs() : io::posix_fs();
    const auto store = ServeStore::open(options.store, **loop, report);
    if (!store) {
        return store.error();
    }
    broker::ThreadWorkers workers(**loop, kWorkers);
    broker::Broker::Surroundings around{.fs = fs, .clock = clock, .loop = **loop, .workers = workers, .random = [&device] {
                                            return std::uint64_t{device()} << 32 | device();
                                        }};
    if (*store) {
        (*store)->add_to(around);
    }
    auto opened = broker::Broker::open(around, options.broker);
    if (!opened) {
        return opened.error();
    }
    broker::Broker& broker = **opened;
    for (const wal::Finding& finding : broker.findings()) {
        report_finding(finding, report);
    }
    ServeStore::wait_until_listed(broker, **loop);
    broker::Server server(**loop, broker.dispatcher(), {});
    if (auto listens = server.listen(options.listen); !listens) {
        (void)broker.close();
        return listens;
    }
    broker.set_advertised(advertised_address(options, server.port()));
    auto outcome = tell_address(options, server.port());
    while (outcome && !stop_asked()) {
        (*loop)->run_once(true);
    }
    wake_on_stop(-1);
    server.close();
    auto closed = broker.close();
    return outcome ? closed : outcome;
}

Exit run_serve(ServeOptions& options, const Globals& globals) {
    Report report(globals);
    if (const auto usable = ServeStore::check(options.store); !usable) {
        report.error(usable.error());
        return usable.error().code == Errc::invalid ? Exit::usage : report.status();
    }
    TemporaryDirectory temporary;
    if (options.data.empty()) {
        auto made = temporary.make();
        if (!made) {
            report.error(made.error());
            return report.status();
        }
        options.data = *std::move(made);
        options.is_temporary = !options.has_sync || options.broker.log.sync == wal::SyncPolicy::none;
        options.broker.log.sync = options.has_sync ? options.broker.log.sync : wal::SyncPolicy::none;
    }
    options.broker.directory = options.data;
    // Nobody's old records are deleted who did not ask for it.
    options.broker.defaults.retention_ms = options.retention_age_ms.value_or(-1);
    for (auto& [name, partitions] : options.broker.topics) {
        partitions = partitions == 0 ? options.broker.default_partitions : partitions;
    }
    raise_descriptor_limit();
    keep_freed_memory();
    if (const auto served = serve(options, report); !served) {
        report.error(served.error());
    }
    // What was found and mended while opening was told; serving went well.
    return report.status() == Exit::damaged ? Exit::done : report.status();
}

}  // namespace

void add_serve(CLI::App& app, Globals& globals, Run& run) {
    CLI::App* const command = app.add_subcommand("serve", "Serve a log directory to Kafka clients");
    auto options = std::make_shared<ServeOptions>();
    add_serve_options(*command, *options);
    add_global_options(*command, globals);
    command->callback([&globals, &run, options] { run = [&globals, options] { return run_serve(*options, globals); }; });
}

}  // namespace kseg::tools
