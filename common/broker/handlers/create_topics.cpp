// SPDX-License-Identifier: Apache-2.0
// CreateTopics. Source: Kafka 4.1, ReplicationControlManager.createTopics.
#include <fmt/format.h>

#include <set>

#include "broker/handlers/handlers.hpp"
#include "kafka/protocol/messages/create_topics.hpp"

namespace kseg::broker {
namespace {

using protocol::CreateTopicsRequest;
using protocol::CreateTopicsResponse;
using protocol::ErrorCode;

using Answer = CreateTopicsResponse::CreatableTopicResult;

Answer refused(const std::string& name, ErrorCode error, std::string message) {
    return {.name = name, .error_code = error, .error_message = std::move(message)};
}

/// How many partitions are asked for; 0 and what is wrong where that cannot be.
std::int32_t partitions_of(const Broker& broker, const CreateTopicsRequest::CreatableTopic& asked, ErrorCode& error,
                           std::string& message) {
    const auto refuse = [&](ErrorCode code, std::string text) {
        error = code;
        message = std::move(text);
        return 0;
    };
    if (asked.assignments.empty()) {
        if (asked.num_partitions == 0 || asked.num_partitions < -1 || asked.num_partitions > kMostPartitions) {
            return refuse(ErrorCode::invalid_partitions,
                          "Number of partitions was set to an invalid non-positive value, or to more than there may be.");
        }
        if (asked.replication_factor != -1 && asked.replication_factor != 1) {
            return refuse(
                ErrorCode::invalid_replication_factor,
                fmt::format("Unable to replicate the partition {} time(s): there is 1 broker.", asked.replication_factor));
        }
        return asked.num_partitions == -1 ? broker.settings().default_partitions : asked.num_partitions;
    }
    if (asked.num_partitions != -1 || asked.replication_factor != -1) {
        return refuse(ErrorCode::invalid_request,
                      "A manual partition assignment was specified, but numPartitions or replicationFactor was not -1.");
    }
    std::set<std::int32_t> numbers;
    for (const auto& assignment : asked.assignments) {
        if (assignment.broker_ids != std::vector{broker.identity().node_id}) {
            return refuse(ErrorCode::invalid_replica_assignment, "The manual partition assignment names other brokers.");
        }
        numbers.insert(assignment.partition_index);
    }
    const auto count = static_cast<std::int32_t>(asked.assignments.size());
    if (*numbers.begin() != 0 || *numbers.rbegin() != count - 1 || numbers.size() != asked.assignments.size() ||
        count > kMostPartitions) {
        return refuse(ErrorCode::invalid_replica_assignment, "partitions should be a consecutive 0-based integer sequence");
    }
    return count;
}

Answer create(Broker& broker, const CreateTopicsRequest::CreatableTopic& asked, bool validate_only) {
    if (!is_topic_name(asked.name)) {
        return refused(asked.name, ErrorCode::invalid_topic_exception, "Topic name is invalid");
    }
    if (broker.topics().is_read_only()) {
        return refused(asked.name, ErrorCode::cluster_authorization_failed, "The broker is read-only.");
    }
    if (broker.topics().find(asked.name) != nullptr) {
        return refused(asked.name, ErrorCode::topic_already_exists, fmt::format("Topic '{}' already exists.", asked.name));
    }
    if (const Topic* const other = broker.topics().colliding(asked.name)) {
        return refused(asked.name, ErrorCode::invalid_topic_exception,
                       fmt::format("Topic '{}' collides with existing topic: {}", asked.name, other->name));
    }
    ErrorCode error = ErrorCode::none;
    std::string message;
    const std::int32_t count = partitions_of(broker, asked, error, message);
    if (error != ErrorCode::none) {
        return refused(asked.name, error, std::move(message));
    }
    ConfigValues configs;
    for (const auto& config : asked.configs) {
        if (!config.value) {
            continue;  // as if it were not named
        }
        if (const auto checked = check_config(config.name, *config.value); !checked) {
            return refused(asked.name, ErrorCode::invalid_config, checked.error().what);
        }
        configs[config.name] = *config.value;
    }
    Answer made{.name = asked.name, .error_message = std::nullopt, .num_partitions = count, .replication_factor = 1};
    for (EffectiveConfig& config : effective_configs(broker, configs)) {
        made.configs->push_back({.name = std::string(config.definition->name),
                                 .value = std::move(config.value),
                                 .config_source = config.source});
    }
    if (!validate_only) {
        const auto topic = broker.topics().create(asked.name, count, configs);
        if (!topic) {
            return refused(asked.name, error_code_of(topic.error()), topic.error().message());
        }
        made.topic_id = (*topic)->id;
    }
    return made;
}

}  // namespace

void serve_create_topics(Broker& broker) {
    broker.dispatcher().serve<CreateTopicsRequest>(
        protocol::ApiKey::create_topics, [&broker](const CallPtr& call, CreateTopicsRequest&& request) {
            std::map<std::string, int> named;
            for (const auto& topic : request.topics) {
                ++named[topic.name];
            }
            CreateTopicsResponse response;
            for (const auto& topic : request.topics) {
                const int times = named[topic.name];
                if (times > 1) {
                    response.topics.push_back(
                        refused(topic.name, ErrorCode::invalid_request, "Duplicate topic name in the request."));
                    named[topic.name] = 0;
                } else if (times == 1) {
                    response.topics.push_back(create(broker, topic, request.validate_only));
                }
            }
            call->answer(response);
        });
}

}  // namespace kseg::broker
