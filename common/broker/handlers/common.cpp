// SPDX-License-Identifier: Apache-2.0
// What several handlers need.
#include "broker/handlers/handlers.hpp"

namespace kseg::broker {

using protocol::ErrorCode;

void serve_core(Broker& broker) {
    serve_alter_configs(broker);
    serve_api_versions(broker);
    serve_create_partitions(broker);
    serve_create_topics(broker);
    serve_delete_records(broker);
    serve_delete_topics(broker);
    serve_describe_cluster(broker);
    serve_describe_configs(broker);
    serve_describe_log_dirs(broker);
    serve_describe_topic_partitions(broker);
    serve_fetch(broker);
    serve_init_producer_id(broker);
    serve_list_offsets(broker);
    serve_metadata(broker);
    serve_offset_for_leader_epoch(broker);
    serve_produce(broker);
}

ErrorCode check_leader_epoch(const Partition& partition, std::int32_t current_leader_epoch) {
    if (current_leader_epoch < 0 || current_leader_epoch == partition.leader_epoch()) {
        return ErrorCode::none;
    }
    return current_leader_epoch < partition.leader_epoch() ? ErrorCode::fenced_leader_epoch
                                                           : ErrorCode::unknown_leader_epoch;
}

ErrorCode error_code_of(const Error& error) {
    switch (error.code) {
        case Errc::io: return ErrorCode::kafka_storage_error;
        case Errc::truncated:
        case Errc::corrupt: return ErrorCode::corrupt_message;
        case Errc::too_large: return ErrorCode::message_too_large;
        case Errc::unsupported: return ErrorCode::unsupported_version;
        case Errc::invalid: return ErrorCode::invalid_request;
        case Errc::exists: return ErrorCode::topic_already_exists;
        case Errc::cancelled: break;
    }
    return ErrorCode::unknown_server_error;
}

std::vector<EffectiveConfig> effective_configs(const Broker& broker, const ConfigValues& values) {
    const TopicSettings& defaults = broker.settings().defaults;
    const wal::Options& log = broker.settings().log;
    const std::map<std::string_view, std::string> ours{
        {"retention.ms", std::to_string(defaults.retention_ms)},
        {"retention.bytes", std::to_string(defaults.retention_bytes)},
        {"segment.bytes", std::to_string(std::min<std::uint64_t>(log.segment_bytes, INT32_MAX))},
        {"segment.ms", log.segment_age_ms ? std::to_string(*log.segment_age_ms) : "9223372036854775807"}};
    std::vector<EffectiveConfig> found;
    for (const ConfigDefinition& config : topic_configs()) {
        const auto set = values.find(std::string(config.name));
        const auto own = ours.find(config.name);
        EffectiveConfig& effective = found.emplace_back();
        effective.definition = &config;
        if (own != ours.end() && own->second != config.default_value) {
            effective.broker_value = own->second;
        }
        if (set != values.end()) {
            effective.value = set->second;
            effective.source = kTopicSource;
        } else {
            effective.value = effective.broker_value.value_or(std::string(config.default_value));
            effective.source = effective.broker_value ? kStaticBrokerSource : kDefaultSource;
        }
    }
    return found;
}

}  // namespace kseg::broker
