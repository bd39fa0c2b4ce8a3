// SPDX-License-Identifier: Apache-2.0
// The settings of topics by the names that clients use: which there are, what values they take, and what follows for the
// log. Source: Kafka 4.1, TopicConfig and LogConfig.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"
#include "wal/wal.hpp"

namespace kseg::broker {

/// The numbers of ConfigDef's types in DescribeConfigs.
enum class ConfigType : std::int8_t {
    boolean = 1,
    text = 2,
    int32 = 3,
    int64 = 5,
    number = 6,
    list = 7,
};

struct ConfigDefinition {
    std::string_view name;
    ConfigType type;
    std::string_view default_value;
    std::string_view allowed{};  ///< words with '|' between, where only those can be
    std::int64_t least = INT64_MIN;
    std::string_view broker_name{};  ///< of the broker's setting that is the default; "" where it has none
    /// Where the broker's own default is that of another setting.
    std::string_view broker_default_name{};
    std::string_view broker_default{};
};

/// By ascending name.
std::span<const ConfigDefinition> topic_configs();
const ConfigDefinition* find_topic_config(std::string_view name);

/// Those that were set, by name.
using ConfigValues = std::map<std::string, std::string>;

/// The value as it is kept and shown: without spaces around it and its words.
/// errors   invalid   there is no such setting, or it cannot have the value
Result<std::string> check_config(std::string_view name, std::string_view value);

/// What the broker does with them; defaults are those of the broker.
struct TopicSettings {
    std::int64_t retention_ms = std::int64_t{7} * 24 * 3600 * 1000;  ///< -1: kept for ever
    std::int64_t retention_bytes = -1;                               ///< of a partition; -1: any
    std::int64_t max_message_bytes = 1048588;                        ///< of a batch
    bool log_append_time = false;
    bool deletes = true;    ///< cleanup.policy holds "delete"
    bool compacts = false;  ///< or "compact"
    wal::SegmentLimits segments{};
};

/// `defaults` with what `values` set. Values were checked.
TopicSettings settings_of(const ConfigValues& values, TopicSettings defaults);

}  // namespace kseg::broker
