// SPDX-License-Identifier: Apache-2.0
// The small files of a broker's directory beside its logs: who the broker is (meta.properties) and which id a topic has
// (partition.metadata).
// Source: Kafka 4.1, MetaProperties, PartitionMetadataFile.
#pragma once

#include <cstdint>
#include <functional>
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
/// Not durable: the registry has it too.
Result<void> put_topic_id(io::Fs& fs, const std::string& partition_directory, const protocol::Uuid& id);

}  // namespace kseg::broker
