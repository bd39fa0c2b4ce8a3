// SPDX-License-Identifier: Apache-2.0
#include "broker/topic_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace kseg::broker {
namespace {

constexpr std::array<ConfigDefinition, 33> kTopicConfigs{{
    {.name = "cleanup.policy",
     .type = ConfigType::list,
     .default_value = "delete",
     .allowed = "compact|delete",
     .broker_name = "log.cleanup.policy"},
    {.name = "compression.gzip.level",
     .type = ConfigType::int32,
     .default_value = "-1",
     .broker_name = "compression.gzip.level"},
    {.name = "compression.lz4.level",
     .type = ConfigType::int32,
     .default_value = "9",
     .broker_name = "compression.lz4.level"},
    {.name = "compression.type",
     .type = ConfigType::text,
     .default_value = "producer",
     .allowed = "uncompressed|zstd|lz4|snappy|gzip|producer",
     .broker_name = "compression.type"},
    {.name = "compression.zstd.level",
     .type = ConfigType::int32,
     .default_value = "3",
     .broker_name = "compression.zstd.level"},
    {.name = "delete.retention.ms",
     .type = ConfigType::int64,
     .default_value = "86400000",
     .least = 0,
     .broker_name = "log.cleaner.delete.retention.ms"},
    {.name = "file.delete.delay.ms",
     .type = ConfigType::int64,
     .default_value = "60000",
     .least = 0,
     .broker_name = "log.segment.delete.delay.ms"},
    {.name = "flush.messages",
     .type = ConfigType::int64,
     .default_value = "9223372036854775807",
     .least = 1,
     .broker_name = "log.flush.interval.messages"},
    {.name = "flush.ms", .type = ConfigType::int64, .default_value = "9223372036854775807", .least = 0},
    {.name = "follower.replication.throttled.replicas", .type = ConfigType::list, .default_value = ""},
    {.name = "index.interval.bytes",
     .type = ConfigType::int32,
     .default_value = "4096",
     .least = 0,
     .broker_name = "log.index.interval.bytes"},
    {.name = "leader.replication.throttled.replicas", .type = ConfigType::list, .default_value = ""},
    {.name = "local.retention.bytes",
     .type = ConfigType::int64,
     .default_value = "-2",
     .least = -2,
     .broker_name = "log.local.retention.bytes"},
    {.name = "local.retention.ms",
     .type = ConfigType::int64,
     .default_value = "-2",
     .least = -2,
     .broker_name = "log.local.retention.ms"},
    {.name = "max.compaction.lag.ms",
     .type = ConfigType::int64,
     .default_value = "9223372036854775807",
     .least = 1,
     .broker_name = "log.cleaner.max.compaction.lag.ms"},
    {.name = "max.message.bytes",
     .type = ConfigType::int32,
     .default_value = "1048588",
     .least = 0,
     .broker_name = "message.max.bytes"},
    {.name = "message.timestamp.after.max.ms",
     .type = ConfigType::int64,
     .default_value = "3600000",
     .least = 0,
     .broker_name = "log.message.timestamp.after.max.ms"},
    {.name = "message.timestamp.before.max.ms",
     .type = ConfigType::int64,
     .default_value = "9223372036854775807",
     .least = 0,
     .broker_name = "log.message.timestamp.before.max.ms"},
    {.name = "message.timestamp.type",
     .type = ConfigType::text,
     .default_value = "CreateTime",
     .allowed = "CreateTime|LogAppendTime",
     .broker_name = "log.message.timestamp.type"},
    {.name = "min.cleanable.dirty.ratio",
     .type = ConfigType::number,
     .default_value = "0.5",
     .broker_name = "log.cleaner.min.cleanable.ratio"},
    {.name = "min.compaction.lag.ms",
     .type = ConfigType::int64,
     .default_value = "0",
     .least = 0,
     .broker_name = "log.cleaner.min.compaction.lag.ms"},
    {.name = "min.insync.replicas",
     .type = ConfigType::int32,
     .default_value = "1",
     .least = 1,
     .broker_name = "min.insync.replicas"},
    {.name = "preallocate", .type = ConfigType::boolean, .default_value = "false", .broker_name = "log.preallocate"},
    {.name = "remote.log.copy.disable", .type = ConfigType::boolean, .default_value = "false"},
    {.name = "remote.log.delete.on.disable", .type = ConfigType::boolean, .default_value = "false"},
    {.name = "remote.storage.enable", .type = ConfigType::boolean, .default_value = "false"},
    {.name = "retention.bytes", .type = ConfigType::int64, .default_value = "-1", .broker_name = "log.retention.bytes"},
    {.name = "retention.ms",
     .type = ConfigType::int64,
     .default_value = "604800000",
     .least = -1,
     .broker_name = "log.retention.ms",
     .broker_default_name = "log.retention.hours",
     .broker_default = "168"},
    {.name = "segment.bytes",
     .type = ConfigType::int32,
     .default_value = "1073741824",
     .least = 14,
     .broker_name = "log.segment.bytes"},
    {.name = "segment.index.bytes",
     .type = ConfigType::int32,
     .default_value = "10485760",
     .least = 4,
     .broker_name = "log.index.size.max.bytes"},
    {.name = "segment.jitter.ms", .type = ConfigType::int64, .default_value = "0", .least = 0},
    {.name = "segment.ms",
     .type = ConfigType::int64,
     .default_value = "604800000",
     .least = 1,
     .broker_name = "log.roll.ms",
     .broker_default_name = "log.roll.hours",
     .broker_default = "168"},
    {.name = "unclean.leader.election.enable",
     .type = ConfigType::boolean,
     .default_value = "false",
     .broker_name = "unclean.leader.election.enable"},
}};

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t from = std::min(text.find_first_not_of(kSpace), text.size());
    return text.substr(from, text.find_last_not_of(kSpace) + 1 - from);
}

/// Calls `visit` with the parts between separators.
template <typename Visit>
void each_part(std::string_view text, char separator, Visit&& visit) {
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        visit(text.substr(at, end - at));
        at = end + 1;
    }
}

bool is_word_of(std::string_view word, std::string_view words) {
    bool found = false;
    each_part(words, '|', [&](std::string_view allowed) { found = found || allowed == word; });
    return found;
}

/// Whether a word tells replicas, "partition:broker" each or all of them.
bool names_replica(std::string_view word) {
    const std::size_t colon = word.find(':');
    return word == "*" || (colon != std::string_view::npos && number_of(word.substr(0, colon)).value_or(-1) >= 0 &&
                           number_of(word.substr(colon + 1)).value_or(-1) >= 0);
}

/// A list without spaces around its words; nothing where there is a word that cannot be.
std::optional<std::string> list_of(const ConfigDefinition& config, std::string_view value) {
    std::string list;
    bool good = true;
    if (!value.empty()) {
        each_part(value, ',', [&](std::string_view part) {
            const std::string_view word = trimmed(part);
            good = good && (config.allowed.empty() ? names_replica(word) : is_word_of(word, config.allowed));
            list += list.empty() ? word : std::string(",").append(word);
        });
    }
    return good ? std::optional(list) : std::nullopt;
}

/// A value as Kafka understands and shows it; nothing where it cannot be.
std::optional<std::string> canonical(const ConfigDefinition& config, std::string_view given) {
    const std::string_view value = trimmed(given);
    bool good = false;
    switch (config.type) {
        case ConfigType::boolean: {
            std::string lower(value);
            std::ranges::transform(lower, lower.begin(),
                                   [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
            return lower == "true" || lower == "false" ? std::optional(lower) : std::nullopt;
        }
        case ConfigType::text: good = is_word_of(value, config.allowed); break;
        case ConfigType::int32:
        case ConfigType::int64: {
            const auto number = number_of(value);
            good = number && *number >= config.least && (config.type == ConfigType::int64 || *number <= INT32_MAX);
            break;
        }
        case ConfigType::number: {
            double number = 0;
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
            good = error == std::errc{} && end == value.data() + value.size() && number >= 0 && number <= 1;
            break;
        }
        case ConfigType::list: return list_of(config, value);
    }
    return good ? std::optional(std::string(value)) : std::nullopt;
}

}  // namespace

std::span<const ConfigDefinition> topic_configs() {
    return kTopicConfigs;
}

const ConfigDefinition* find_topic_config(std::string_view name) {
    const auto* const found = std::ranges::lower_bound(kTopicConfigs, name, {}, &ConfigDefinition::name);
    return found != kTopicConfigs.end() && found->name == name ? &*found : nullptr;
}

Result<std::string> check_config(std::string_view name, std::string_view value) {
    const ConfigDefinition* const config = find_topic_config(name);
    if (config == nullptr) {
        return Error{.code = Errc::invalid, .what = fmt::format("Unknown topic config name: {}", name)};
    }
    auto kept = canonical(*config, value);
    if (!kept) {
        return Error{.code = Errc::invalid, .what = fmt::format("Invalid value {} for configuration {}", value, name)};
    }
    if (name == "remote.storage.enable" && *kept == "true") {
        return Error{.code = Errc::invalid, .what = "Tiered Storage functionality is disabled in the broker."};
    }
    return *std::move(kept);
}

TopicSettings settings_of(const ConfigValues& values, TopicSettings defaults) {
    const auto number = [&](const char* name) -> std::optional<std::int64_t> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : number_of(found->second);
    };
    TopicSettings settings = defaults;
    settings.retention_ms = number("retention.ms").value_or(settings.retention_ms);
    settings.retention_bytes = number("retention.bytes").value_or(settings.retention_bytes);
    settings.max_message_bytes = number("max.message.bytes").value_or(settings.max_message_bytes);
    if (const auto bytes = number("segment.bytes")) {
        settings.segments.bytes = static_cast<std::uint64_t>(*bytes);
    }
    if (const auto age = number("segment.ms")) {
        settings.segments.age_ms = *age;
    }
    if (const auto type = values.find("message.timestamp.type"); type != values.end()) {
        settings.log_append_time = type->second == "LogAppendTime";
    }
    if (const auto policy = values.find("cleanup.policy"); policy != values.end()) {
        settings.deletes = policy->second.find("delete") != std::string::npos;
        settings.compacts = policy->second.find("compact") != std::string::npos;
    }
    return settings;
}

}  // namespace kseg::broker
