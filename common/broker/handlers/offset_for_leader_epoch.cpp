// SPDX-License-Identifier: Apache-2.0
// OffsetForLeaderEpoch: where the records of an epoch end. Source: KIP-101, KIP-320, Kafka 4.1, LeaderEpochFileCache.
#include "kafka/protocol/messages/offset_for_leader_epoch.hpp"
#include "broker/handlers/handlers.hpp"

namespace kseg::broker {
namespace {

using protocol::ErrorCode;
using protocol::OffsetForLeaderEpochRequest;
using protocol::OffsetForLeaderEpochResponse;

OffsetForLeaderEpochResponse::EpochEndOffset find(Broker& broker, const std::string& name,
                                                  const OffsetForLeaderEpochRequest::OffsetForLeaderPartition& asked) {
    OffsetForLeaderEpochResponse::EpochEndOffset answer{.partition = asked.partition};
    const Topic* const topic = broker.topics().find(name);
    const Partition* const partition = topic == nullptr ? nullptr : topic->find(asked.partition);
    answer.error_code = partition == nullptr ? ErrorCode::unknown_topic_or_partition
                                             : check_leader_epoch(*partition, asked.current_leader_epoch);
    if (answer.error_code == ErrorCode::none) {
        if (const auto end = partition->end_of_epoch(asked.leader_epoch)) {
            answer.leader_epoch = end->epoch;
            answer.end_offset = end->start_offset;
        }
    }
    return answer;
}

}  // namespace

void serve_offset_for_leader_epoch(Broker& broker) {
    broker.dispatcher().serve<OffsetForLeaderEpochRequest>(
        protocol::ApiKey::offset_for_leader_epoch, [&broker](const CallPtr& call, OffsetForLeaderEpochRequest&& request) {
            OffsetForLeaderEpochResponse response;
            for (const auto& topic : request.topics) {
                auto& answers = response.topics.emplace_back();
                answers.topic = topic.topic;
                for (const auto& partition : topic.partitions) {
                    answers.partitions.push_back(find(broker, topic.topic, partition));
                }
            }
            call->answer(response);
        });
}

}  // namespace kseg::broker
