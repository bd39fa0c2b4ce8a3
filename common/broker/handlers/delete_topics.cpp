// SPDX-License-Identifier: Apache-2.0
// DeleteTopics, by name or by id. Source: Kafka 4.1, ControllerApis.deleteTopics.
#include "kafka/protocol/messages/delete_topics.hpp"
#include "broker/group_service.hpp"
#include "broker/handlers/handlers.hpp"

namespace kseg::broker {
namespace {

using protocol::DeleteTopicsRequest;
using protocol::DeleteTopicsResponse;
using protocol::ErrorCode;

using Deleted = DeleteTopicsResponse::DeletableTopicResult;

Deleted remove(Broker& broker, const DeleteTopicsRequest::DeleteTopicState& asked) {
    Deleted answer{.name = asked.name, .topic_id = asked.topic_id, .error_message = std::nullopt};
    const auto refuse = [&](ErrorCode error, std::string message) {
        answer.error_code = error;
        answer.error_message = std::move(message);
        return answer;
    };
    if (asked.name && !asked.topic_id.is_zero()) {
        return refuse(ErrorCode::invalid_request, "You may not specify both topic name and topic id.");
    }
    if (!asked.name && asked.topic_id.is_zero()) {
        return refuse(ErrorCode::invalid_request, "Neither topic name nor id were specified.");
    }
    const Topic* const topic = asked.name ? broker.topics().find(*asked.name) : broker.topics().find(asked.topic_id);
    if (topic == nullptr) {
        return asked.name ? refuse(ErrorCode::unknown_topic_or_partition, "This server does not host this topic-partition.")
                          : refuse(ErrorCode::unknown_topic_id, "This server does not host this topic ID.");
    }
    answer.name = topic->name;
    answer.topic_id = topic->id;
    if (broker.topics().is_read_only()) {
        return refuse(ErrorCode::topic_authorization_failed, "The broker is read-only.");
    }
    const std::string name = topic->name;
    if (const auto removed = broker.topics().remove(name); !removed) {
        return refuse(error_code_of(removed.error()), removed.error().message());
    }
    broker.groups()->coordinator().on_topic_deleted(name);
    return answer;
}

using Asked = Gathering<DeleteTopicsRequest, DeleteTopicsResponse>;

/// Gives the answer for one topic its place, now or when the topic is no longer being made or grown.
void remove(Broker& broker, const std::shared_ptr<Asked>& gathering, std::size_t at) {
    const auto& asked = gathering->request.topics[at];
    const Topic* const by_id = asked.name ? nullptr : broker.topics().find(asked.topic_id);
    const std::string name = asked.name ? *asked.name : by_id != nullptr ? by_id->name : std::string();
    if (!broker.topics().is_changing(name)) {
        gathering->response.responses[at] = remove(broker, asked);
        return;
    }
    ++gathering->open_parts;
    broker.topics().when_settled(name, [&broker, weak = std::weak_ptr(gathering), at] {
        if (const auto waiting = weak.lock()) {
            remove(broker, waiting, at);
            waiting->done_with_one(broker);
        }
    });
}

}  // namespace

void serve_delete_topics(Broker& broker) {
    broker.dispatcher().serve<DeleteTopicsRequest>(
        protocol::ApiKey::delete_topics, [&broker](const CallPtr& call, DeleteTopicsRequest&& request) {
            const auto gathering = Asked::begin(broker, call, std::move(request));
            auto& asked = gathering->request;
            // Up to version 5 there are only names.
            for (std::string& name : asked.topic_names) {
                asked.topics.push_back({.name = std::move(name)});
            }
            gathering->response.responses.resize(asked.topics.size());
            for (std::size_t i = 0; i < asked.topics.size(); ++i) {
                remove(broker, gathering, i);
            }
            gathering->done_with_one(broker);
        });
}

}  // namespace kseg::broker
