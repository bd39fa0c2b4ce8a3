// SPDX-License-Identifier: Apache-2.0
// DeleteRecords: moves where a partition begins. Source: KIP-107, Kafka 4.1, ReplicaManager.deleteRecordsOnLocalLog.
#include "kafka/protocol/messages/delete_records.hpp"
#include "broker/handlers/handlers.hpp"

namespace kseg::broker {
namespace {

using protocol::DeleteRecordsRequest;
using protocol::DeleteRecordsResponse;
using protocol::ErrorCode;

constexpr std::int64_t kHighWatermark = -1;
constexpr std::int64_t kInvalidLowWatermark = -1;

ErrorCode remove(Broker& broker, const std::string& name, const DeleteRecordsRequest::DeleteRecordsPartition& asked,
                 std::int64_t& low_watermark) {
    const Topic* const topic = broker.topics().find(name);
    Partition* const partition = topic == nullptr ? nullptr : topic->find(asked.partition_index);
    if (partition == nullptr) {
        return ErrorCode::unknown_topic_or_partition;
    }
    if (partition->is_read_only()) {
        return ErrorCode::topic_authorization_failed;
    }
    if (topic->is_internal()) {
        return ErrorCode::invalid_topic_exception;
    }
    if (!topic->settings.deletes) {
        return ErrorCode::policy_violation;
    }
    const std::int64_t offset = asked.offset == kHighWatermark ? partition->high_watermark() : asked.offset;
    if (offset < 0 || offset > partition->high_watermark()) {
        return ErrorCode::offset_out_of_range;
    }
    if (const auto removed = broker.topics().remove_records(*partition, offset); !removed) {
        return error_code_of(removed.error());
    }
    low_watermark = partition->log_start();
    return ErrorCode::none;
}

}  // namespace

void serve_delete_records(Broker& broker) {
    broker.dispatcher().serve<DeleteRecordsRequest>(
        protocol::ApiKey::delete_records, [&broker](const CallPtr& call, DeleteRecordsRequest&& request) {
            DeleteRecordsResponse response;
            for (const auto& topic : request.topics) {
                auto& answers = response.topics.emplace_back();
                answers.name = topic.name;
                for (const auto& partition : topic.partitions) {
                    std::int64_t low_watermark = kInvalidLowWatermark;
                    const ErrorCode error = remove(broker, topic.name, partition, low_watermark);
                    answers.partitions.push_back({.partition_index = partition.partition_index,
                                                  .low_watermark = low_watermark,
                                                  .error_code = error});
                }
            }
            call->answer(response);
        });
}

}  // namespace kseg::broker
