// SPDX-License-Identifier: Apache-2.0
// CreatePartitions. Source: Kafka 4.1, ReplicationControlManager.createPartitions.
#include <fmt/format.h>

#include "broker/handlers/handlers.hpp"
#include "kafka/protocol/messages/create_partitions.hpp"

namespace kseg::broker {
namespace {

using protocol::CreatePartitionsRequest;
using protocol::CreatePartitionsResponse;
using protocol::ErrorCode;

using Answer = CreatePartitionsResponse::CreatePartitionsTopicResult;

Answer refused(const std::string& name, ErrorCode error, std::string message) {
    return {.name = name, .error_code = error, .error_message = std::move(message)};
}

Answer grow(Broker& broker, const CreatePartitionsRequest::CreatePartitionsTopic& asked, bool validate_only) {
    Topic* const topic = broker.topics().find(asked.name);
    if (topic == nullptr) {
        return refused(asked.name, ErrorCode::unknown_topic_or_partition,
                       "This server does not host this topic-partition.");
    }
    if (broker.topics().is_read_only()) {
        return refused(asked.name, ErrorCode::topic_authorization_failed, "The broker is read-only.");
    }
    const std::int32_t now = topic->partitions.empty() ? 0 : topic->partitions.rbegin()->first + 1;
    if (asked.count == now) {
        return refused(asked.name, ErrorCode::invalid_partitions, fmt::format("Topic already has {} partition(s).", now));
    }
    if (asked.count < now || asked.count > kMostPartitions) {
        return refused(asked.name, ErrorCode::invalid_partitions,
                       fmt::format("The topic {} currently has {} partition(s); {} would not be an increase, or too many.",
                                   asked.name, now, asked.count));
    }
    if (asked.assignments) {
        if (asked.assignments->size() != static_cast<std::size_t>(asked.count - now)) {
            return refused(asked.name, ErrorCode::invalid_replica_assignment,
                           fmt::format("Attempted to add {} additional partition(s), but {} assignment(s) were specified.",
                                       asked.count - now, asked.assignments->size()));
        }
        for (const auto& assignment : *asked.assignments) {
            if (assignment.broker_ids != std::vector{broker.identity().node_id}) {
                return refused(asked.name, ErrorCode::invalid_replica_assignment,
                               "The manual partition assignment names other brokers.");
            }
        }
    }
    if (!validate_only) {
        if (const auto added = broker.topics().add_partitions(*topic, asked.count - now); !added) {
            return refused(asked.name, error_code_of(added.error()), added.error().message());
        }
    }
    return {.name = asked.name, .error_message = std::nullopt};
}

}  // namespace

void serve_create_partitions(Broker& broker) {
    broker.dispatcher().serve<CreatePartitionsRequest>(
        protocol::ApiKey::create_partitions, [&broker](const CallPtr& call, CreatePartitionsRequest&& request) {
            CreatePartitionsResponse response;
            for (const auto& topic : request.topics) {
                response.results.push_back(grow(broker, topic, request.validate_only));
            }
            call->answer(response);
        });
}

}  // namespace kseg::broker
