// SPDX-License-Identifier: Apache-2.0
// A broker without its sockets: the topics of a directory, and the APIs that are served over them. By the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "archive/container.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "broker/address.hpp"
#include "broker/cold_reads.hpp"
#include "broker/data_dir.hpp"
#include "broker/dispatcher.hpp"
#include "broker/fetch_sessions.hpp"
#include "broker/loop.hpp"
#include "broker/notices.hpp"
#include "broker/topics.hpp"
#include "broker/workers.hpp"
#include "io/fs.hpp"
#include "objects/object_store.hpp"
#include "wal/wal.hpp"

namespace kseg::broker {

class Archiver;
class GroupService;

struct BrokerSettings {
    std::string directory;
    Address advertised{};  ///< what clients are told to connect to
    bool auto_create = true;
    std::int32_t default_partitions = 1;
    bool read_only = false;
    std::vector<std::pair<std::string, std::int32_t>> topics{};  ///< made at the start where they are missing
    wal::Options log{};
    TopicSettings defaults{};
    TimestampMs retention_check_ms = 30'000;
    TimestampMs producer_id_expiration_ms = 86'400'000;  ///< a producer that wrote nothing for as long is forgotten
    ColdReads::Limits cold_reads{};
    archive::Format archive_format = archive::Format::tar_gz;
};

class Broker {
  public:
    struct Surroundings {
        io::Fs& fs;
        const Clock& clock;  ///< the time of day
        Loop& loop;
        Workers& workers;  ///< for what blocks; outlive the broker, so that a job holds what it needs
        Random random;
        /// Where archives are, for reading; null without one. It outlives the workers.
        objects::ObjectStore* store = nullptr;
        /// The same for archiving, one for each job at a time, and who does those jobs; empty and null without a store.
        std::vector<objects::ObjectStore*> archive_stores{};
        Workers* archive_workers = nullptr;
        Notices notices{};
    };

    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;
    ~Broker();

    /// Opens the directory, recovering what was not closed cleanly, and makes the topics that are asked for.
    /// errors   exists   somebody else has it open;   io, corrupt
    static Result<std::unique_ptr<Broker>> open(const Surroundings& around, BrokerSettings settings);

    /// Makes everything durable. Nothing may be handled after.
    Result<void> close();

    /// Where frames go.
    [[nodiscard]] Dispatcher& dispatcher() { return dispatcher_; }
    [[nodiscard]] Topics& topics() { return topics_; }
    /// Null until the broker is open.
    [[nodiscard]] GroupService* groups() { return groups_.get(); }
    [[nodiscard]] FetchSessions& fetch_sessions() { return fetch_sessions_; }
    [[nodiscard]] const Identity& identity() const { return identity_; }
    [[nodiscard]] const BrokerSettings& settings() const { return settings_; }
    [[nodiscard]] Loop& loop() { return around_.loop; }
    [[nodiscard]] Workers& workers() { return around_.workers; }
    [[nodiscard]] ColdReads& cold_reads() { return *cold_reads_; }
    /// Null without a store.
    [[nodiscard]] const Archiver* archiver() const { return archiver_.get(); }
    /// Null without one.
    [[nodiscard]] objects::ObjectStore* store() const { return around_.store; }
    [[nodiscard]] const Clock& clock() const { return around_.clock; }
    [[nodiscard]] io::Fs& fs() { return around_.fs; }
    [[nodiscard]] const Random& random() const { return around_.random; }
    /// What opening the logs found and did.
    [[nodiscard]] wal::Findings findings() const { return wal_ ? wal_->findings() : wal::Findings(); }

    /// Set once the port is known, before the first request.
    void set_advertised(Address address) { settings_.advertised = std::move(address); }

    /// Keeps a request that waits for something, until let_go(), its connection's end or the broker's.
    void keep(ConnectionId connection, std::shared_ptr<const void> waiting) {
        const void* const key = waiting.get();
        waiting_[connection].emplace(key, std::move(waiting));
    }
    void let_go(ConnectionId connection, const void* waiting);
    [[nodiscard]] bool keeps_any() const { return !waiting_.empty(); }

    /// Makes a topic that is missing, where the settings let it come into being by being asked for. Returns whether it is
    /// on its way: `then` is called, later, when it is there or cannot be.
    bool make_if_missing(const std::string& name, std::function<void()> then);

  private:
    Broker(const Surroundings& around, BrokerSettings settings, std::unique_ptr<wal::Wal> wal);
    Result<void> begin();
    Result<void> load_identity();
    Result<void> make_missing_topics();
    void begin_archiving();
    void check_retention();

    Surroundings around_;
    BrokerSettings settings_;
    std::unique_ptr<wal::Wal> wal_;  // null where it is read-only
    Identity identity_;
    Topics topics_;
    FetchSessions fetch_sessions_;
    std::shared_ptr<ColdReads> cold_reads_;
    Dispatcher dispatcher_;
    std::unique_ptr<GroupService> groups_;
    std::shared_ptr<Archiver> archiver_;  // null without a store
    TimerId retention_timer_ = 0;
    std::unordered_map<ConnectionId, std::unordered_map<const void*, std::shared_ptr<const void>>> waiting_;
};

}  // namespace kseg::broker
