// SPDX-License-Identifier: Apache-2.0
// DescribeConfigs: the settings of topics and of the broker. Source: Kafka 4.1, ConfigHelper.
#include <algorithm>
#include <set>

#include "broker/handlers/handlers.hpp"
#include "kafka/protocol/messages/describe_configs.hpp"

namespace kseg::broker {
namespace {

using protocol::DescribeConfigsRequest;
using protocol::DescribeConfigsResponse;
using protocol::ErrorCode;

constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;

bool is_asked(const DescribeConfigsRequest::DescribeConfigsResource& resource, std::string_view name) {
    return !resource.configuration_keys || resource.configuration_keys->empty() ||
           std::ranges::find(*resource.configuration_keys, name) != resource.configuration_keys->end();
}

using Described = DescribeConfigsResponse::DescribeConfigsResourceResult;

Described& add(DescribeConfigsResponse::DescribeConfigsResult& result, std::string_view name, std::string value,
               std::int8_t source, ConfigType type, bool read_only) {
    Described& config = result.configs.emplace_back();
    config.name = name;
    config.value = std::move(value);
    config.read_only = read_only;
    config.config_source = source;
    config.config_type = static_cast<std::int8_t>(type);
    config.documentation = std::nullopt;
    return config;
}

/// Where the value is from, and what it would be without that, from one to the next.
void add_synonyms(const EffectiveConfig& effective, Described& config) {
    const ConfigDefinition& definition = *effective.definition;
    if (effective.source == kTopicSource) {
        config.synonyms.push_back({std::string(definition.name), effective.value, kTopicSource});
    }
    if (effective.broker_value) {
        config.synonyms.push_back({std::string(definition.broker_name), effective.broker_value, kStaticBrokerSource});
    }
    if (!definition.broker_default_name.empty()) {
        config.synonyms.push_back(
            {std::string(definition.broker_default_name), std::string(definition.broker_default), kDefaultSource});
    } else if (!definition.broker_name.empty()) {
        config.synonyms.push_back(
            {std::string(definition.broker_name), std::string(definition.default_value), kDefaultSource});
    }
}

void describe_topic(const Broker& broker, const Topic& topic,
                    const DescribeConfigsRequest::DescribeConfigsResource& resource, bool synonyms,
                    DescribeConfigsResponse::DescribeConfigsResult& result) {
    for (const EffectiveConfig& config : effective_configs(broker, topic.configs)) {
        if (is_asked(resource, config.definition->name)) {
            Described& described =
                add(result, config.definition->name, config.value, config.source, config.definition->type, false);
            if (synonyms) {
                add_synonyms(config, described);
            }
        }
    }
}

void describe_broker(const Broker& broker, const DescribeConfigsRequest::DescribeConfigsResource& resource, bool synonyms,
                     DescribeConfigsResponse::DescribeConfigsResult& result) {
    const BrokerSettings& settings = broker.settings();
    struct Own {
        std::string_view name;
        std::string value;
        ConfigType type;
    };
    const std::vector<Own> all{
        {"advertised.listeners", "PLAINTEXT://" + settings.advertised.text(), ConfigType::text},
        {"auto.create.topics.enable", settings.auto_create ? "true" : "false", ConfigType::boolean},
        {"broker.id", std::to_string(broker.identity().node_id), ConfigType::int32},
        {"default.replication.factor", "1", ConfigType::int32},
        {"delete.topic.enable", "true", ConfigType::boolean},
        {"log.dirs", settings.directory, ConfigType::text},
        {"log.retention.bytes", std::to_string(settings.defaults.retention_bytes), ConfigType::int64},
        {"log.retention.ms", std::to_string(settings.defaults.retention_ms), ConfigType::int64},
        {"log.segment.bytes", std::to_string(settings.log.segment_bytes), ConfigType::int32},
        {"message.max.bytes", std::to_string(settings.defaults.max_message_bytes), ConfigType::int32},
        {"min.insync.replicas", "1", ConfigType::int32},
        {"node.id", std::to_string(broker.identity().node_id), ConfigType::int32},
        {"num.partitions", std::to_string(settings.default_partitions), ConfigType::int32},
    };
    const auto put = [&](std::string_view name, const std::string& value, std::int8_t source, ConfigType type) {
        if (is_asked(resource, name)) {
            Described& described = add(result, name, value, source, type, true);
            if (synonyms) {
                described.synonyms.push_back({std::string(name), value, source});
            }
        }
    };
    std::set<std::string_view> own_names;
    for (const Own& own : all) {
        own_names.insert(own.name);
        put(own.name, own.value, kStaticBrokerSource, own.type);
    }
    // What topics have where they set nothing.
    for (const EffectiveConfig& config : effective_configs(broker, {})) {
        if (!config.definition->broker_name.empty() && !own_names.contains(config.definition->broker_name)) {
            put(config.definition->broker_name, config.value, config.source, config.definition->type);
        }
    }
}

DescribeConfigsResponse::DescribeConfigsResult describe(Broker& broker, const DescribeConfigsRequest& request,
                                                        const DescribeConfigsRequest::DescribeConfigsResource& resource) {
    DescribeConfigsResponse::DescribeConfigsResult result{
        .error_message = std::nullopt, .resource_type = resource.resource_type, .resource_name = resource.resource_name};
    const auto refuse = [&](ErrorCode error, std::string message) {
        result.error_code = error;
        result.error_message = std::move(message);
        return result;
    };
    if (resource.resource_type == kTopicResource) {
        const Topic* const topic = broker.topics().find(resource.resource_name);
        if (topic == nullptr) {
            return refuse(is_topic_name(resource.resource_name) ? ErrorCode::unknown_topic_or_partition
                                                                : ErrorCode::invalid_topic_exception,
                          "This server does not host this topic-partition.");
        }
        describe_topic(broker, *topic, resource, request.include_synonyms, result);
    } else if (resource.resource_type == kBrokerResource) {
        // Without a name the defaults of all brokers are meant, of which none were set.
        if (!resource.resource_name.empty()) {
            if (resource.resource_name != std::to_string(broker.identity().node_id)) {
                return refuse(ErrorCode::invalid_request, "Unexpected broker id " + resource.resource_name);
            }
            describe_broker(broker, resource, request.include_synonyms, result);
        }
    } else {
        return refuse(ErrorCode::invalid_request, "Unsupported resource type");
    }
    return result;
}

}  // namespace

void serve_describe_configs(Broker& broker) {
    broker.dispatcher().serve<DescribeConfigsRequest>(
        protocol::ApiKey::describe_configs, [&broker](const CallPtr& call, DescribeConfigsRequest&& request) {
            DescribeConfigsResponse response;
            for (const auto& resource : request.resources) {
                auto& result = response.results.emplace_back(describe(broker, request, resource));
                for (auto& config : result.configs) {
                    config.is_default = call->version() == 0 && config.config_source == kDefaultSource;
                }
            }
            call->answer(response);
        });
}

}  // namespace kseg::broker
