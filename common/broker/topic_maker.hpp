// SPDX-License-Identifier: Apache-2.0
// Makes partitions beside the loop: all that were asked for in the meantime by one job, with a handful of syncs for all.
//
// Invariant: whoever hears of a partition hears of it when it is durable; what a crash leaves of others is told by the
// registry, where they stand before anything of them is made, and goes.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "broker/partition.hpp"
#include "broker/registry.hpp"
#include "broker/topic_config.hpp"
#include "broker/workers.hpp"
#include "wal/wal.hpp"

namespace kseg::broker {

/// What is to become of a topic.
struct TopicOrder {
    enum class What : std::uint8_t {
        create,          ///< it is new, with these settings
        add_partitions,  ///< it gets more
        set_configs,     ///< it gets these settings, and no partitions
    };
    What what = What::create;
    std::string topic;
    protocol::Uuid id{};
    ConfigValues configs{};
    wal::SegmentLimits segments{};
    std::int32_t first = 0;
    std::int32_t count = 0;
};

/// Whoever takes one gives the log to the Wal.
struct MadePartition {
    std::unique_ptr<wal::PartitionLog> log;
    std::shared_ptr<Partition> partition;
};
using MadePartitions = std::vector<MadePartition>;

class TopicMaker {
  public:
    struct Surroundings {
        io::Fs& fs;
        Loop& loop;
        Workers& workers;
        RegistryFile& registry;
        std::string directory;
        wal::Wal* wal = nullptr;
        /// What a partition of a topic is opened with. By any thread.
        std::function<Partition::Surroundings(const std::string& topic)> partition_around{};
    };
    /// errors   exists   a directory has the name of one of the partitions;   io. Nothing of it is there then; what a disk
    ///          that fails did not let go of goes with the next start, or is all of it.
    using OnMade = std::function<void(Result<MadePartitions>)>;

    explicit TopicMaker(Surroundings around);
    TopicMaker(const TopicMaker&) = delete;
    TopicMaker& operator=(const TopicMaker&) = delete;
    ~TopicMaker() { stop(); }

    /// Calls `then`, later, by the loop's thread. Nobody else makes partitions of that topic meanwhile.
    void make(TopicOrder order, OnMade then);
    /// The same, waiting for the disk.
    Result<MadePartitions> make_now(TopicOrder order);
    /// Ends what is under way, and calls nobody any more. What was not told is whole or not there after the next start.
    void stop();

    /// Removes what a crash left of partitions that were being made. Before anything else.
    static Result<void> remove_remains(io::Fs& fs, const std::string& directory, RegistryFile& registry);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace kseg::broker
