// SPDX-License-Identifier: Apache-2.0
// CreateTopics. Source: Kafka 4.1, ReplicationControlManager.createTopics.
#include <fmt/format.h>

#include <map>
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

using Asked = Gathering<CreateTopicsRequest, CreateTopicsResponse>;

/// What is wrong with a topic that is asked for; where nothing is, the answer once it is made.
Answer check(const Broker& broker, const Topics& topics, const CreateTopicsRequest::CreatableTopic& asked,
             ConfigValues& configs) {
    if (topics.is_read_only()) {
        return refused(asked.name, ErrorCode::cluster_authorization_failed, "The broker is read-only.");
    }
    if (asked.name == "__cluster_metadata") {
        return refused(asked.name, ErrorCode::invalid_request,
                       "Creation of internal topic __cluster_metadata is prohibited.");
    }
    if (topics.find(asked.name) != nullptr) {
        return refused(asked.name, ErrorCode::topic_already_exists, fmt::format("Topic '{}' already exists.", asked.name));
    }
    if (const auto other = topics.colliding(asked.name)) {
        return refused(asked.name, ErrorCode::invalid_topic_exception,
                       fmt::format("Topic '{}' collides with existing topic: {}", asked.name, *other));
    }
    ErrorCode error = ErrorCode::none;
    std::string message;
    const std::int32_t count = partitions_of(broker, asked, error, message);
    if (error != ErrorCode::none) {
        return refused(asked.name, error, std::move(message));
    }
    for (const auto& config : asked.configs) {
        if (!config.value) {
            continue;  // as if it were not named
        }
        auto checked = check_config(config.name, *config.value);
        if (!checked) {
            return refused(asked.name, ErrorCode::invalid_config, checked.error().what);
        }
        configs[config.name] = *std::move(checked);
    }
    Answer made{.name = asked.name, .error_message = std::nullopt, .num_partitions = count, .replication_factor = 1};
    for (EffectiveConfig& config : effective_configs(broker, configs)) {
        made.configs->push_back({.name = std::string(config.definition->name),
                                 .value = std::move(config.value),
                                 .config_source = config.source});
    }
    return made;
}

/// Gives the answer for one topic its place, now or when the topic is made.
void create(Broker& broker, const std::shared_ptr<Asked>& gathering, std::size_t topic_at, std::size_t answer_at) {
    const auto& asked = gathering->request.topics[topic_at];
    Answer& answer = gathering->response.topics[answer_at];
    if (!is_topic_name(asked.name)) {
        answer = refused(asked.name, ErrorCode::invalid_topic_exception, "Topic name is invalid");
        return;
    }
    const std::weak_ptr<Asked> weak = gathering;
    if (broker.topics().is_changing(asked.name)) {
        // Somebody else makes it: whether that succeeds is not known yet.
        ++gathering->open_parts;
        broker.topics().when_settled(asked.name, [&broker, weak, topic_at, answer_at] {
            if (const auto waiting = weak.lock()) {
                create(broker, waiting, topic_at, answer_at);
                waiting->done_with_one(broker);
            }
        });
        return;
    }
    ConfigValues configs;
    answer = check(broker, broker.topics(), asked, configs);
    if (answer.error_code != ErrorCode::none || gathering->request.validate_only) {
        return;
    }
    ++gathering->open_parts;
    broker.topics().create(asked.name, answer.num_partitions, configs,
                           [&broker, weak, answer_at](const Result<Topic*>& topic) {
                               const auto waiting = weak.lock();
                               if (waiting == nullptr) {
                                   return;
                               }
                               Answer& made = waiting->response.topics[answer_at];
                               if (topic) {
                                   made.topic_id = (*topic)->id;
                               } else {
                                   made = refused(made.name, error_code_of(topic.error()), topic.error().message());
                               }
                               waiting->done_with_one(broker);
                           });
}

void create_all(Broker& broker, const CallPtr& call, CreateTopicsRequest&& request) {
    const auto gathering = Asked::begin(broker, call, std::move(request));
    std::map<std::string, int> named;
    for (const auto& topic : gathering->request.topics) {
        ++named[topic.name];
    }
    // All places first: an answer that comes later is found by its number.
    gathering->response.topics.resize(named.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < gathering->request.topics.size(); ++i) {
        const std::string& name = gathering->request.topics[i].name;
        const int times = std::exchange(named[name], 0);
        if (times > 1) {
            gathering->response.topics[next++] =
                refused(name, ErrorCode::invalid_request, "Duplicate topic name in the request.");
        } else if (times == 1) {
            create(broker, gathering, i, next++);
        }
    }
    gathering->done_with_one(broker);
}

}  // namespace

void serve_create_topics(Broker& broker) {
    broker.dispatcher().serve<CreateTopicsRequest>(
        protocol::ApiKey::create_topics,
        [&broker](const CallPtr& call, CreateTopicsRequest&& request) { create_all(broker, call, std::move(request)); });
}

}  // namespace kseg::broker
