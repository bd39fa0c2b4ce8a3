// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.hpp"

#include <algorithm>

#include "broker/archiver.hpp"
#include "broker/group_service.hpp"
#include "broker/handlers/handlers.hpp"

namespace kseg::broker {
namespace {

// A hundred times what a batch may have by default.
constexpr std::size_t kMostDecompressedBytes = std::size_t{128} << 20;
// Indexes and archives in the making. A broker takes it for a log that is to be deleted, and so does the next start here.
constexpr std::string_view kScratch = "/kseg-0.00000000000000000000000000000001-delete";

}  // namespace

Broker::Broker(const Surroundings& around, BrokerSettings settings, std::unique_ptr<wal::Wal> wal)
    : around_(around),
      settings_(std::move(settings)),
      wal_(std::move(wal)),
      topics_({.fs = around.fs,
               .clock = around.clock,
               .loop = around.loop,
               .workers = around.workers,
               .random = around.random,
               .directory = settings_.directory,
               .wal = wal_.get(),
               .defaults = settings_.defaults,
               .store = around.store,
               .hooks = {.sealed =
                             [this](const Partition& partition) {
                                 if (archiver_) {
                                     archiver_->look_at(partition);
                                 }
                             },
                         .shortened =
                             [this](const Partition& partition) {
                                 if (archiver_) {
                                     archiver_->shortened(partition);
                                 }
                             },
                         .removed =
                             [this](const std::string& name, const protocol::Uuid& id) {
                                 if (archiver_) {
                                     archiver_->removed(name, id);
                                 }
                             }}}),
      fetch_sessions_(around.random),
      cold_reads_(std::make_shared<ColdReads>(around.fs, around.workers, settings_.cold_reads)) {}

Broker::~Broker() {
    around_.loop.cancel(retention_timer_);
    // Who is still told of an append holds its partition for longer than the log is there.
    topics_.detach_all();
}

Result<std::unique_ptr<Broker>> Broker::open(const Surroundings& around, BrokerSettings settings) {
    while (settings.directory.size() > 1 && settings.directory.ends_with('/')) {
        settings.directory.pop_back();
    }
    // What a client compressed is decompressed to be checked.
    settings.log.max_batch_bytes = std::min(settings.log.max_batch_bytes, kMostDecompressedBytes);
    std::unique_ptr<wal::Wal> wal;
    if (!settings.read_only) {
        auto opened = wal::Wal::open(around.fs, around.clock, settings.directory, settings.log);
        if (!opened) {
            return opened.error();
        }
        wal = *std::move(opened);
    }
    std::unique_ptr<Broker> broker(  // NOLINT(*-owning-memory): private
        new Broker(around, std::move(settings), std::move(wal)));
    if (const auto begun = broker->begin(); !begun) {
        return begun.error();
    }
    return broker;
}

Result<void> Broker::begin() {
    if (auto loaded = load_identity(); !loaded) {
        return loaded;
    }
    if (auto opened = topics_.open(); !opened) {
        return opened;
    }
    if (around_.store == nullptr) {
        if (auto made = make_missing_topics(); !made) {
            return made;
        }
    }
    serve_core(*this);
    // Nobody hears the answer; what the request holds would add up.
    dispatcher_.on_closed([this](ConnectionId connection) { const auto gone = waiting_.extract(connection); });
    auto groups = GroupService::open(*this);
    if (!groups) {
        return groups.error();
    }
    groups_ = *std::move(groups);
    if (around_.store != nullptr) {
        begin_archiving();
    }
    if (!settings_.read_only) {
        check_retention();
    }
    return {};
}

Result<void> Broker::make_missing_topics() {
    for (const auto& [name, partitions] : settings_.topics) {
        if (topics_.find(name) == nullptr) {
            if (const auto made = topics_.create_now(name, partitions, {}); !made) {
                return made.error();
            }
        }
    }
    return {};
}

void Broker::begin_archiving() {
    archiver_ = std::make_shared<Archiver>(Archiver::Surroundings{.fs = around_.fs,
                                                                  .loop = around_.loop,
                                                                  .workers = *around_.archive_workers,
                                                                  .stores = around_.archive_stores,
                                                                  .random = around_.random,
                                                                  .topics = topics_,
                                                                  .notices = around_.notices,
                                                                  .scratch = settings_.directory + std::string(kScratch),
                                                                  .format = settings_.archive_format});
    // Topics that the store has are not to be made anew under their names.
    archiver_->start([this] {
        if (const auto made = make_missing_topics(); !made) {
            around_.notices.warn(made.error());
        }
    });
}

Result<void> Broker::load_identity() {
    const auto found = read_identity(around_.fs, settings_.directory);
    if (!found) {
        return found.error();
    }
    if (*found) {
        identity_ = **found;
    }
    const bool complete = *found && !identity_.cluster_id.empty();
    if (!complete) {
        identity_.cluster_id = to_string(random_uuid(around_.random));
    }
    // One that is there stays as it is: it is somebody's.
    return *found || settings_.read_only ? Result<void>()
                                         : write_identity(around_.fs, settings_.directory, identity_, around_.random);
}

void Broker::check_retention() {
    (void)topics_.apply_retention();  // what could not be deleted now is tried again
    topics_.expire_producers(around_.clock.now() - settings_.producer_id_expiration_ms);
    retention_timer_ = around_.loop.at(around_.loop.now() + settings_.retention_check_ms, [this] { check_retention(); });
}

bool Broker::make_if_missing(const std::string& name, std::function<void()> then) {
    const bool may_be_archived = archiver_ && !archiver_->is_listed();
    if (topics_.find(name) != nullptr || may_be_archived || !settings_.auto_create || settings_.read_only ||
        !is_topic_name(name)) {
        return false;
    }
    if (topics_.is_changing(name)) {
        topics_.when_settled(name, std::move(then));
        return true;
    }
    if (topics_.colliding(name)) {
        return false;
    }
    topics_.create(name, settings_.default_partitions, {},
                   [then = std::move(then)](const Result<Topic*>& /*made*/) { then(); });
    return true;
}

void Broker::let_go(ConnectionId connection, const void* waiting) {
    const auto found = waiting_.find(connection);
    if (found != waiting_.end() && found->second.erase(waiting) != 0 && found->second.empty()) {
        waiting_.erase(connection);
    }
}

Result<void> Broker::close() {
    around_.loop.cancel(retention_timer_);
    retention_timer_ = 0;
    groups_.reset();
    if (archiver_) {
        archiver_->stop();
    }
    topics_.stop_making();
    return wal_ ? wal_->close() : Result<void>();
}

}  // namespace kseg::broker
