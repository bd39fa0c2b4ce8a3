// SPDX-License-Identifier: Apache-2.0
// The small files of a broker's directory beside its logs: who the broker is (meta.properties), which id a topic has
// (partition.metadata), and what a cluster's controller would know of it (kseg.json).
// Source: Kafka 4.1, MetaProperties, PartitionMetadataFile.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::broker {

/// Numbers that nobody can guess, or that a test sets.
using Random = std::function<std::uint64_t()>;

/// An id that is none of Kafka's reserved ones, and whose text does not begin with '-'.
protocol::Uuid random_uuid(const Random& random);
/// The id that a text of 22 characters stands for, as protocol::to_string() writes it.
std::optional<protocol::Uuid> parse_uuid(std::string_view text);

struct Identity {
    std::string cluster_id{};
    std::int32_t node_id = 1;
};

/// What meta.properties says; nothing without that file.
/// errors   io;   corrupt   it says no node
Result<std::optional<Identity>> read_identity(io::Fs& fs, const std::string& directory);
Result<void> write_identity(io::Fs& fs, const std::string& directory, const Identity& identity, const Random& random);

/// The id in a partition's partition.metadata; nothing where there is none.
Result<std::optional<protocol::Uuid>> read_topic_id(io::Fs& fs, const std::string& partition_directory);
Result<void> write_topic_id(io::Fs& fs, const std::string& partition_directory, const protocol::Uuid& id);

/// What kseg.json holds.
struct Registry {
    std::map<std::string, std::map<std::string, std::string>> topic_configs{};  ///< those that were set, by topic
    std::int64_t next_producer_id = 0;                                          ///< none from here on was given away
    bool uses_store = false;  ///< a store may have archives of these topics
    /// Names of topics that are gone, by id, where archives of them may still be in a store.
    std::map<protocol::Uuid, std::string> deleted{};
};

/// errors   io;   corrupt   it is no such file
Result<Registry> read_registry(io::Fs& fs, const std::string& directory);
Result<void> write_registry(io::Fs& fs, const std::string& directory, const Registry& registry);

}  // namespace kseg::broker
