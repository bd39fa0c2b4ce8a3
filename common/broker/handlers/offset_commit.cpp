// SPDX-License-Identifier: Apache-2.0
// OffsetCommit: partitions that there are go to the coordinator (groups/commit.cpp), the others are told so.
// Source: Kafka 4.3, KafkaApis.handleOffsetCommitRequest.
#include "kafka/protocol/messages/offset_commit.hpp"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

namespace {

using protocol::ErrorCode;
using protocol::OffsetCommitRequest;
using protocol::OffsetCommitResponse;

constexpr protocol::Version kFirstWithTopicIds = 10;

/// An answer with a place for every partition of the request, and those places that the coordinator fills, in its order.
struct Sorted {
    OffsetCommitResponse response{};
    std::vector<std::pair<std::size_t, std::size_t>> places{};
};

/// Leaves in the request what there is, with names and ids, and answers the rest.
Sorted sort_out(Topics& topics, OffsetCommitRequest& request, protocol::Version version) {
    Sorted sorted;
    std::vector<OffsetCommitRequest::OffsetCommitRequestTopic> known;
    for (auto& wanted : request.topics) {
        const bool by_id = version >= kFirstWithTopicIds;
        const Topic* topic = by_id ? topics.find(wanted.topic_id) : topics.find(wanted.name);
        const ErrorCode no_topic = by_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
        auto& answered = sorted.response.topics.emplace_back();
        answered.name = wanted.name;
        answered.topic_id = wanted.topic_id;
        OffsetCommitRequest::OffsetCommitRequestTopic kept;
        for (auto& partition : wanted.partitions) {
            const std::int32_t index = partition.partition_index;
            ErrorCode error = topic == nullptr ? no_topic : ErrorCode::none;
            if (topic != nullptr && topic->find(index) == nullptr) {
                error = ErrorCode::unknown_topic_or_partition;
            }
            answered.partitions.push_back({index, error});
            if (error == ErrorCode::none) {
                sorted.places.emplace_back(sorted.response.topics.size() - 1, answered.partitions.size() - 1);
                kept.partitions.push_back(std::move(partition));
            }
        }
        if (!kept.partitions.empty()) {
            kept.name = topic->name;
            kept.topic_id = topic->id;
            known.push_back(std::move(kept));
        }
    }
    request.topics = std::move(known);
    return sorted;
}

}  // namespace

void serve_offset_commit(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<OffsetCommitRequest>(
        protocol::ApiKey::offset_commit, [&broker, &groups](const CallPtr& call, OffsetCommitRequest&& request) {
            const auto sorted = std::make_shared<Sorted>(sort_out(broker.topics(), request, call->version()));
            if (sorted->places.empty()) {
                call->answer(sorted->response);
                return;
            }
            groups.commit(caller_of(*call), request, [call, sorted](const OffsetCommitResponse& response) {
                auto place = sorted->places.begin();
                for (const auto& topic : response.topics) {
                    for (const auto& partition : topic.partitions) {
                        sorted->response.topics[place->first].partitions[place->second].error_code = partition.error_code;
                        ++place;
                    }
                }
                call->answer(sorted->response);
            });
        });
}

}  // namespace kseg::broker
