// SPDX-License-Identifier: Apache-2.0
#include "broker/topic_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace kseg::broker {
namespace {

constexpr std::array<ConfigDefinition, 27> kTopicConfigs{{
    {"cleanup.policy", ConfigType::list, "delete", "compact|delete"},
    {"compression.gzip.level", ConfigType::int32, "-1"},
    {"compression.lz4.level", ConfigType::int32, "9"},
    {"compression.type", ConfigType::text, "producer", "uncompressed|zstd|lz4|snappy|gzip|producer"},
    {"compression.zstd.level", ConfigType::int32, "3"},
    {"delete.retention.ms", ConfigType::int64, "86400000", "", 0},
    {"file.delete.delay.ms", ConfigType::int64, "60000", "", 0},
    {"flush.messages", ConfigType::int64, "9223372036854775807", "", 1},
    {"flush.ms", ConfigType::int64, "9223372036854775807", "", 0},
    {"index.interval.bytes", ConfigType::int32, "4096", "", 0},
    {"max.compaction.lag.ms", ConfigType::int64, "9223372036854775807", "", 1},
    {"max.message.bytes", ConfigType::int32, "1048588", "", 0},
    {"message.timestamp.after.max.ms", ConfigType::int64, "3600000", "", 0},
    {"message.timestamp.before.max.ms", ConfigType::int64, "9223372036854775807", "", 0},
    {"message.timestamp.type", ConfigType::text, "CreateTime", "CreateTime|LogAppendTime"},
    {"min.cleanable.dirty.ratio", ConfigType::number, "0.5"},
    {"min.compaction.lag.ms", ConfigType::int64, "0", "", 0},
    {"min.insync.replicas", ConfigType::int32, "1", "", 1},
    {"preallocate", ConfigType::boolean, "false"},
    {"remote.storage.enable", ConfigType::boolean, "false"},
    {"retention.bytes", ConfigType::int64, "-1"},
    {"retention.ms", ConfigType::int64, "604800000", "", -1},
    {"segment.bytes", ConfigType::int32, "1073741824", "", 14},
    {"segment.index.bytes", ConfigType::int32, "10485760", "", 4},
    {"segment.jitter.ms", ConfigType::int64, "0", "", 0},
    {"segment.ms", ConfigType::int64, "604800000", "", 1},
    {"unclean.leader.election.enable", ConfigType::boolean, "false"},
}};

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
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

bool can_be(const ConfigDefinition& config, std::string_view value) {
    switch (config.type) {
        case ConfigType::boolean: return value == "true" || value == "false";
        case ConfigType::text: return is_word_of(value, config.allowed);
        case ConfigType::int32:
        case ConfigType::int64: {
            const auto number = number_of(value);
            return number && *number >= config.least && (config.type == ConfigType::int64 || *number <= INT32_MAX);
        }
        case ConfigType::number: {
            double number = 0;
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
            return error == std::errc{} && end == value.data() + value.size() && number >= 0 && number <= 1;
        }
        case ConfigType::list: {
            bool good = true;
            each_part(value, ',', [&](std::string_view word) { good = good && is_word_of(word, config.allowed); });
            return good;
        }
    }
    return false;
}

}  // namespace

std::span<const ConfigDefinition> topic_configs() {
    return kTopicConfigs;
}

const ConfigDefinition* find_topic_config(std::string_view name) {
    const auto* const found = std::ranges::lower_bound(kTopicConfigs, name, {}, &ConfigDefinition::name);
    return found != kTopicConfigs.end() && found->name == name ? &*found : nullptr;
}

Result<void> check_config(std::string_view name, std::string_view value) {
    const ConfigDefinition* const config = find_topic_config(name);
    if (config == nullptr) {
        return Error{.code = Errc::invalid, .what = fmt::format("Unknown topic config name: {}", name)};
    }
    if (!can_be(*config, value)) {
        return Error{.code = Errc::invalid, .what = fmt::format("Invalid value {} for configuration {}", value, name)};
    }
    return {};
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
