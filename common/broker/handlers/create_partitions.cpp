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

using Asked = Gathering<CreatePartitionsRequest, CreatePartitionsResponse>;

/// What is wrong with what is asked for; where nothing is, how many partitions are missing.
Answer check(Broker& broker, const CreatePartitionsRequest::CreatePartitionsTopic& asked, std::int32_t& missing) {
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
    missing = asked.count - now;
    return {.name = asked.name, .error_message = std::nullopt};
}

/// Gives the answer for one topic its place, now or when its partitions are made.
void grow(Broker& broker, const std::shared_ptr<Asked>& gathering, std::size_t at) {
    const auto& asked = gathering->request.topics[at];
    const std::weak_ptr<Asked> weak = gathering;
    if (broker.topics().is_changing(asked.name)) {
        ++gathering->open_parts;
        broker.topics().when_settled(asked.name, [&broker, weak, at] {
            if (const auto waiting = weak.lock()) {
                grow(broker, waiting, at);
                waiting->done_with_one(broker);
            }
        });
        return;
    }
    std::int32_t missing = 0;
    Answer& answer = gathering->response.results[at];
    answer = check(broker, asked, missing);
    if (missing == 0 || gathering->request.validate_only) {
        return;
    }
    ++gathering->open_parts;
    broker.topics().add_partitions(
        *broker.topics().find(asked.name), missing, [&broker, weak, at](const Result<void>& added) {
            if (const auto waiting = weak.lock()) {
                Answer& grown = waiting->response.results[at];
                if (!added) {
                    grown = refused(grown.name, error_code_of(added.error()), added.error().message());
                }
                waiting->done_with_one(broker);
            }
        });
}

}  // namespace

void serve_create_partitions(Broker& broker) {
    broker.dispatcher().serve<CreatePartitionsRequest>(
        protocol::ApiKey::create_partitions, [&broker](const CallPtr& call, CreatePartitionsRequest&& request) {
            const auto gathering = Asked::begin(broker, call, std::move(request));
            gathering->response.results.resize(gathering->request.topics.size());
            for (std::size_t i = 0; i < gathering->request.topics.size(); ++i) {
                grow(broker, gathering, i);
            }
            gathering->done_with_one(broker);
        });
}

}  // namespace kseg::broker
