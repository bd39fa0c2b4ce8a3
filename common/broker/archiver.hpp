// SPDX-License-Identifier: Apache-2.0
// Carries sealed segments into a store and removes them here, takes deleted archives out of it, and learns at the start
// what it has. Every step is decided by what is on the disk, in the store's listing and in the registry, so that it goes on
// after whatever happened; here is only who is at work on what. By the loop's thread; what blocks is done by workers of its
// own.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive/container.hpp"
#include "base/result.hpp"
#include "broker/loop.hpp"
#include "broker/notices.hpp"
#include "broker/topics.hpp"
#include "broker/workers.hpp"
#include "io/fs.hpp"
#include "objects/object_store.hpp"
#include "store/segment_life.hpp"

namespace kseg::broker {

class Archiver final : public std::enable_shared_from_this<Archiver> {
  public:
    struct Surroundings {
        io::Fs& fs;
        Loop& loop;
        Workers& workers;                             ///< outlive it, as the stores do
        std::vector<objects::ObjectStore*> stores{};  ///< one for each job at a time, at least one
        Random random{};
        Topics& topics;
        Notices notices{};
        std::string scratch{};  ///< directory for indexes and archives in the making
        archive::Format format = archive::Format::tar_gz;
    };

    explicit Archiver(Surroundings around) : around_(std::move(around)), free_stores_(around_.stores) {}
    Archiver(const Archiver&) = delete;
    Archiver& operator=(const Archiver&) = delete;
    ~Archiver() { stop(); }

    /// Lists the store, again and again until that succeeds; then topics know their archives, those are made that only the
    /// store has, what a crash left is taken up, and `then` is called.
    void start(std::function<void()> then);
    /// Ends jobs as soon as they can be; none begins any more.
    void stop();

    [[nodiscard]] bool is_listed() const { return listed_; }
    /// Attempts at listing that failed.
    [[nodiscard]] unsigned failed_listings() const { return failed_listings_; }
    /// Whether nothing is under way or waits for its turn.
    [[nodiscard]] bool is_idle() const { return listed_ && running_ == 0 && ready_.empty() && retries_.empty(); }

    /// A segment of the partition was sealed, or what its topic keeps has changed.
    void look_at(const Partition& partition);
    /// The partition begins later now: archives below go.
    void shortened(const Partition& partition);
    /// The topic is gone, and its archives have to go.
    void removed(const std::string& name, const protocol::Uuid& id);

  private:
    /// A partition of a topic, or with -1 a topic that is gone.
    using Key = std::pair<protocol::Uuid, std::int32_t>;
    struct Life {
        std::string topic{};
        bool queued = false;
        bool running = false;
        bool waits = false;    // for the next attempt
        bool blocked = false;  // the store has what the log does not: nothing may be added
        unsigned failures = 0;
        std::vector<store::ArchiveName> to_remove{};
        std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
    };
    using Names = std::vector<store::ArchiveName>;

    void list();
    void on_listed(Result<Names> listed);
    void assign(Names names);
    void learn(const Topic& topic, std::map<std::int32_t, Names>& archives);
    void adopt(const std::string& name, std::map<protocol::Uuid, std::map<std::int32_t, Names>>& by_id);

    [[nodiscard]] std::shared_ptr<Partition> find(const Key& key) const;
    void enqueue(const Key& key, const std::string& topic);
    void pump();
    bool begin(const Key& key, Life& life);
    void begin_archiving(const Key& key, Life& life, const Partition& partition, const LogSegments::Bounds& segment);
    void begin_removing(const Key& key, Life& life);
    void begin_forgetting(const Key& key, Life& life);
    std::shared_ptr<Partition> ended(const Key& key);
    void on_archived(const Key& key, std::int64_t next_base, const Result<store::SegmentLife>& done);
    void on_removed(const Key& key, const Result<void>& done);
    void on_forgotten(const Key& key, const Result<std::uint64_t>& done);
    /// Runs a job with one of the stores; its outcome comes to `then` unless the archiver is gone.
    template <typename Do, typename Then>
    void run(Life& life, Do work, Then then);
    void succeeded(Life& life);
    void failed(const Key& key, Life& life, const Error& error);
    [[nodiscard]] TimestampMs delay(unsigned failures) const;
    void retry_later(unsigned failures, std::function<void()> then);

    Surroundings around_;
    std::vector<objects::ObjectStore*> free_stores_;
    std::map<Key, Life> lives_;
    std::deque<Key> ready_;
    std::map<std::uint64_t, TimerId> retries_;
    std::uint64_t last_retry_ = 0;
    std::function<void()> then_;
    std::shared_ptr<std::atomic<bool>> stopped_ = std::make_shared<std::atomic<bool>>(false);
    std::size_t running_ = 0;
    unsigned failed_listings_ = 0;
    bool listed_ = false;
    bool failing_ = false;  // the last job failed, and somebody was told
};

}  // namespace kseg::broker
