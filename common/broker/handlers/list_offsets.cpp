// SPDX-License-Identifier: Apache-2.0
// ListOffsets: the ends of a partition, and offsets by time. Source: Kafka 4.1, ListOffsetsRequest, UnifiedLog.
// fetchOffsetByTimestamp; KIP-734, KIP-405, KIP-1005, KIP-1023.
#include "kafka/protocol/messages/list_offsets.hpp"
#include "broker/handlers/handlers.hpp"
#include "broker/offset_lookup.hpp"

namespace kseg::broker {
namespace {

using protocol::ErrorCode;
using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;

using Answer = ListOffsetsResponse::ListOffsetsPartitionResponse;

// What stands in the place of a time.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;
constexpr std::int64_t kEarliestPendingUpload = -6;

constexpr std::int8_t kReadCommitted = 1;
constexpr protocol::Version kFirstWithEpoch = 4;

/// The version from which on a client may ask for one of them.
protocol::Version first_version_of(std::int64_t timestamp) {
    switch (timestamp) {
        case kMaxTimestamp: return 7;
        case kEarliestLocal: return 8;
        case kLatestTiered: return 9;
        case kEarliestPendingUpload: return 11;
        default: return timestamp < kEarliestPendingUpload ? protocol::Version{INT16_MAX} : protocol::Version{0};
    }
}

void set(Answer& answer, TimestampMs timestamp, std::int64_t offset, std::int32_t leader_epoch) {
    answer.timestamp = timestamp;
    answer.offset = offset;
    answer.leader_epoch = leader_epoch;
}

/// The epoch of the records at an offset.
std::int32_t epoch_at(const Partition& partition, std::int64_t offset) {
    std::int32_t epoch = -1;
    for (const wal::LeaderEpoch& known : partition.epochs()) {
        if (known.start_offset <= offset) {
            epoch = known.epoch;
        }
    }
    return epoch;
}

ErrorCode look_up(Broker& broker, const Partition& partition, std::int64_t timestamp, bool stable, Answer& answer) {
    const std::int64_t end = stable ? partition.last_stable_offset() : partition.high_watermark();
    switch (timestamp) {
        case kLatest: set(answer, -1, end, partition.leader_epoch()); return ErrorCode::none;
        case kEarliest:
        case kEarliestLocal:
            set(answer, -1, partition.log_start(), epoch_at(partition, partition.log_start()));
            return ErrorCode::none;
        // Nothing is tiered.
        case kLatestTiered:
        case kEarliestPendingUpload: return ErrorCode::none;
        default: break;
    }
    const LookupRange range{.directory = partition.directory(), .start = partition.log_start(), .end = end};
    const auto found = timestamp == kMaxTimestamp ? first_of_largest_time(broker.fs(), range)
                                                  : first_at_or_after(broker.fs(), range, timestamp);
    if (!found) {
        return error_code_of(found.error());
    }
    if (*found) {
        set(answer, (*found)->timestamp, (*found)->offset, (*found)->leader_epoch);
    }
    return ErrorCode::none;
}

Answer answer_for(Broker& broker, const CallPtr& call, const std::string& name, bool stable,
                  const ListOffsetsRequest::ListOffsetsPartition& asked) {
    Answer answer{.partition_index = asked.partition_index};
    const Topic* const topic = broker.topics().find(name);
    const Partition* const partition = topic == nullptr ? nullptr : topic->find(asked.partition_index);
    if (partition == nullptr) {
        answer.error_code = ErrorCode::unknown_topic_or_partition;
        return answer;
    }
    if (call->version() < first_version_of(asked.timestamp)) {
        answer.error_code = ErrorCode::unsupported_version;
        return answer;
    }
    answer.error_code = check_leader_epoch(*partition, asked.current_leader_epoch);
    if (answer.error_code == ErrorCode::none) {
        answer.error_code = look_up(broker, *partition, asked.timestamp, stable, answer);
    }
    if (call->version() < kFirstWithEpoch) {
        answer.leader_epoch = -1;
    }
    if (call->version() == 0 && answer.error_code == ErrorCode::none) {
        // Version 0 has a list, of which clients take the first.
        if (answer.offset >= 0 && asked.max_num_offsets > 0) {
            answer.old_style_offsets.push_back(answer.offset);
        }
        set(answer, -1, -1, -1);
    }
    return answer;
}

}  // namespace

void serve_list_offsets(Broker& broker) {
    broker.dispatcher().serve<ListOffsetsRequest>(
        protocol::ApiKey::list_offsets, [&broker](const CallPtr& call, ListOffsetsRequest&& request) {
            ListOffsetsResponse response;
            for (const auto& topic : request.topics) {
                auto& answers = response.topics.emplace_back();
                answers.name = topic.name;
                for (const auto& partition : topic.partitions) {
                    answers.partitions.push_back(
                        answer_for(broker, call, topic.name, request.isolation_level == kReadCommitted, partition));
                }
            }
            call->answer(response);
        });
}

}  // namespace kseg::broker
