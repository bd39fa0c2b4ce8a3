// SPDX-License-Identifier: Apache-2.0
#include "serve_store.hpp"

#include <mutex>
#include <string>
#include <utility>

#include "broker/archiver.hpp"
#include "io/fs.hpp"
#include "objects/store_pool.hpp"
#include "objects/store_url.hpp"
#include "stop.hpp"

namespace kseg::tools {
namespace {

// Segments that are archived at once, each by one thread.
constexpr unsigned kJobs = 2;
// Requests of fetches that are under way at once.
constexpr unsigned kReaders = 4;
constexpr TimestampMs kLongestWaitMs = 10'000;

}  // namespace

ServeStore::ServeStore(broker::EpollLoop& loop, Report& report)
    : report_(report), workers_(loop, kJobs, broker::ThreadWorkers::Share::background) {}

Result<void> ServeStore::check(const StoreOption& options) {
    if (options.url.empty()) {
        return options.s3_endpoint.empty()
                   ? Result<void>()
                   : Error{.code = Errc::invalid, .what = "goes with --store", .file = "--s3-endpoint"};
    }
    const auto store = open_store(options);
    return store ? Result<void>() : store.error();
}

Result<std::unique_ptr<ServeStore>> ServeStore::open(const StoreOption& options, broker::EpollLoop& loop, Report& report) {
    if (options.url.empty()) {
        return std::unique_ptr<ServeStore>();
    }
    // One that nothing was put to yet; a bucket has to be there.
    if (const auto url = objects::parse_store_url(options.url); url && !url->is_s3()) {
        if (const auto ready = io::make_durable_directory(io::posix_fs(), url->directory); !ready) {
            return ready.error();
        }
    }
    std::unique_ptr<ServeStore> made(new ServeStore(loop, report));  // NOLINT(*-owning-memory): private
    std::vector<std::unique_ptr<objects::ObjectStore>> readers;
    for (unsigned i = 0; i < kReaders + kJobs; ++i) {
        // What is tried again is told by several threads.
        auto store = open_store(options, [&loop, &report](std::string_view text) {
            loop.post([&report, text = std::string(text)] { report.detail(text); });
        });
        if (!store) {
            return store.error();
        }
        (i < kReaders ? readers : made->writes_).push_back(*std::move(store));
    }
    made->reads_ = std::make_unique<objects::StorePool>(std::move(readers));
    return made;
}

void ServeStore::add_to(broker::Broker::Surroundings& around) {
    around.store = reads_.get();
    around.archive_workers = &workers_;
    for (const auto& store : writes_) {
        around.archive_stores.push_back(store.get());
    }
    around.notices = {.warning =
                          [&report = report_](const Error& error) {
                              const std::string place = error.file.empty() ? "store" : error.file;
                              Error bare = error;
                              bare.file.clear();
                              report.damage(place, bare.message());
                              report.end_file(place);
                          },
                      .detail = [&report = report_](std::string_view text) { report.detail(text); }};
}

void ServeStore::wait_until_listed(const broker::Broker& broker, broker::EpollLoop& loop) {
    const broker::Archiver* const archiver = broker.archiver();
    const TimestampMs end = loop.now() + kLongestWaitMs;
    bool late = false;
    const auto timer = loop.at(end, [&late] { late = true; });
    while (archiver != nullptr && !archiver->is_listed() && archiver->failed_listings() == 0 && !late && !stop_asked()) {
        loop.run_once(true);
    }
    loop.cancel(timer);
}

}  // namespace kseg::tools
