// SPDX-License-Identifier: Apache-2.0
// The topics of a broker, as its directory has them. By the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "broker/data_dir.hpp"
#include "broker/partition.hpp"
#include "broker/topic_config.hpp"
#include "broker/topic_maker.hpp"
#include "kafka/protocol/types.hpp"
#include "objects/object_store.hpp"
#include "wal/wal.hpp"

namespace kseg::broker {

/// The most partitions that one request may ask for.
inline constexpr std::int32_t kMostPartitions = 10'000;

/// Whether a topic's records are the broker's own.
inline bool is_internal_topic(std::string_view name) {
    return name == "__consumer_offsets" || name == "__transaction_state";
}

struct Topic {
    std::string name;
    protocol::Uuid id{};
    ConfigValues configs{};  ///< those that were set
    TopicSettings settings{};
    /// By number; of a log directory that several brokers shared some are missing.
    std::map<std::int32_t, std::shared_ptr<Partition>> partitions{};

    [[nodiscard]] bool is_internal() const { return is_internal_topic(name); }
    /// Whether its sealed segments go to a store, where there is one.
    [[nodiscard]] bool is_archived() const { return !is_internal() && settings.deletes && !settings.compacts; }
    [[nodiscard]] Partition* find(std::int32_t partition) const {
        const auto found = partitions.find(partition);
        return found == partitions.end() ? nullptr : found->second.get();
    }
    /// The same for whoever needs it beyond the topic's life.
    [[nodiscard]] std::shared_ptr<Partition> share(std::int32_t partition) const {
        const auto found = partitions.find(partition);
        return found == partitions.end() ? nullptr : found->second;
    }
};

/// Whether a name can be a topic's, as Kafka sees it.
bool is_topic_name(std::string_view name);

/// Who sees to archives is told of what becomes of topics; empty where nobody does.
struct TopicHooks {
    std::function<void(const Partition&)> sealed{};     ///< a segment of it
    std::function<void(const Partition&)> shortened{};  ///< it begins later, durably
    std::function<void(const std::string& name, const protocol::Uuid& id)> removed{};
};

class Topics {
  public:
    struct Surroundings {
        io::Fs& fs;
        const Clock& clock;
        Loop& loop;
        Workers& workers;
        Random random;
        std::string directory;
        wal::Wal* wal = nullptr;  ///< null: nothing is written
        TopicSettings defaults{};
        objects::ObjectStore* store = nullptr;  ///< of archives, for reading; null without one
        TopicHooks hooks{};
    };

    explicit Topics(Surroundings around);

    /// Opens what is in the directory.
    /// errors   io, and those of wal::Wal::partition()
    Result<void> open();

    [[nodiscard]] bool is_read_only() const { return around_.wal == nullptr; }
    [[nodiscard]] Topic* find(std::string_view name);
    [[nodiscard]] const Topic* find(std::string_view name) const {
        return topics_.contains(name) ? topics_.find(name)->second.get() : nullptr;
    }
    [[nodiscard]] Topic* find(const protocol::Uuid& id);
    [[nodiscard]] const std::map<std::string, std::unique_ptr<Topic>, std::less<>>& all() const { return topics_; }
    /// A name that Kafka would not tell from this one in its metrics ('.' and '_' are one there), also of a topic that is
    /// being made.
    [[nodiscard]] std::optional<std::string> colliding(const std::string& name) const;

    /// Makes a topic with partitions 0 to count - 1, beside the loop, and calls `then`, later. Its name and settings were
    /// checked, and it is not changing.
    /// errors   exists;   io;   unsupported   read-only. Where it fails, no topic is there.
    using OnCreated = std::function<void(const Result<Topic*>&)>;
    void create(const std::string& name, std::int32_t count, const ConfigValues& configs, OnCreated then);
    /// The same, waiting for the disk.
    /// errors   as above;   cancelled   it is changing
    Result<Topic*> create_now(const std::string& name, std::int32_t count, const ConfigValues& configs);
    /// Adds partitions beside the loop; the topic is not changing.
    void add_partitions(Topic& topic, std::int32_t count, std::function<void(const Result<void>&)> then);
    /// Whether a topic of that name is being made or gets partitions: until then nothing else may be done with it.
    [[nodiscard]] bool is_changing(const std::string& name) const { return changing_.contains(name); }
    /// Calls `then`, later, when it is not changing any more, unless somebody who waited longer changes it again.
    void when_settled(const std::string& name, std::function<void()> then) {
        changing_.at(name).push_back(std::move(then));
    }
    /// Makes nothing any more.
    void stop_making() { maker_.stop(); }
    /// Lets every partition go of its log.
    void detach_all();

    /// Deletes a topic that is not changing.
    Result<void> remove(const std::string& name);
    /// Replaces what was set, beside the loop; the topic is not changing.
    void set_configs(const Topic& topic, const ConfigValues& configs, std::function<void(const Result<void>&)> then);

    /// Deletes records below `offset` of a partition, durably.
    Result<void> remove_records(Partition& partition, std::int64_t offset);
    /// Deletes what is older or more than the settings keep; the active segment stays.
    Result<void> apply_retention();
    /// Every partition forgets the producers that wrote nothing since `time`, as wal::ProducerStates::expire().
    void expire_producers(TimestampMs time);

    /// Makes partitions that only a store has, of a topic that is there or not, and gives each a log that begins where its
    /// archives end; those between them begin at 0.
    Result<void> adopt(const std::string& name, const protocol::Uuid& id, const std::map<std::int32_t, std::int64_t>& ends);
    /// Names of deleted topics whose archives have to be removed, by id. A topic is among them before anything else of its
    /// deletion is done.
    [[nodiscard]] std::map<protocol::Uuid, std::string> deleted() const { return registry_.now().deleted; }
    /// Whether nothing of a deleted topic is here any more that the next start would take for one.
    [[nodiscard]] bool is_gone(const protocol::Uuid& id) const;
    /// The store has no archive of it any more.
    Result<void> forget_deleted(const protocol::Uuid& id);

    /// The next of the numbers that producers get; durable before it is returned, by the thousand.
    Result<std::int64_t> next_producer_id();

  private:
    Result<void> open_partition(Topic& topic, std::int32_t number);
    Result<void> load_topic_ids(const Registry& known);
    TopicOrder new_topic(const std::string& name, std::int32_t count, const ConfigValues& configs);
    [[nodiscard]] Result<void> check_new(const std::string& name) const;
    Topic* take(const TopicOrder& order, MadePartitions made);
    void settle(const std::string& name);
    void note_name(const std::string& name);
    void forget_name(const std::string& name);
    Result<void> remove_set_aside();
    Result<void> save_log_starts();
    Result<void> note_deletion(const Topic& topic);
    Result<void> finish_deletions();
    Result<void> make_adopted(const segment::PartitionName& name, const protocol::Uuid& id, std::int64_t begin);
    Result<void> retain(const Topic& topic, Partition& partition);
    void retain_archives(const Topic& topic, const Partition& partition, std::uint64_t& left, std::int64_t& keep_from,
                         bool& all_go) const;
    [[nodiscard]] std::string directory_of(const segment::PartitionName& name) const;

    Surroundings around_;
    std::function<Partition::Surroundings(const std::string& topic)> partition_around_;  // by any thread
    std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;
    std::map<protocol::Uuid, Topic*> by_id_;
    /// Topics that are changing, and who waits for that.
    std::map<std::string, std::vector<std::function<void()>>> changing_;
    /// Names of topics by what they are where '.' and '_' are one, also of those being made.
    std::map<std::string, std::set<std::string>> alike_;
    RegistryFile registry_;
    TopicMaker maker_;
    std::set<protocol::Uuid> half_gone_;  // deleted topics whose directories could not be removed
    wal::PartitionOffsets log_starts_;    // as they are on the disk
    std::int64_t next_producer_id_ = 0;
    std::int64_t producer_ids_end_ = 0;
};

}  // namespace kseg::broker
