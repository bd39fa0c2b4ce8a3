// SPDX-License-Identifier: Apache-2.0
// Fetch: record batches from an offset on, as they become available.
// Source: Kafka's FetchRequest and FetchResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct FetchRequest {
    struct ReplicaState {
        std::int32_t replica_id = -1;
        std::int64_t replica_epoch = -1;
    };

    struct FetchPartition {
        std::int32_t partition = 0;
        std::int32_t current_leader_epoch = -1;
        std::int64_t fetch_offset = 0;
        std::int32_t last_fetched_epoch = -1;
        std::int64_t log_start_offset = -1;
        std::int32_t partition_max_bytes = 0;
        Uuid replica_directory_id{};
        std::int64_t high_watermark = INT64_MAX;
    };

    struct FetchTopic {
        std::string topic{};
        Uuid topic_id{};
        std::vector<FetchPartition> partitions{};
    };

    struct ForgottenTopic {
        std::string topic{};
        Uuid topic_id{};
        std::vector<std::int32_t> partitions{};
    };

    std::optional<std::string> cluster_id{};
    std::int32_t replica_id = -1;
    ReplicaState replica_state{};
    std::int32_t max_wait_ms = 0;
    std::int32_t min_bytes = 0;
    std::int32_t max_bytes = INT32_MAX;
    std::int8_t isolation_level = 0;
    std::int32_t session_id = 0;
    std::int32_t session_epoch = -1;
    std::vector<FetchTopic> topics{};
    std::vector<ForgottenTopic> forgotten_topics_data{};
    std::string rack_id{};

    static const Schema kSchema;
};

struct FetchResponse {
    struct EpochEndOffset {
        std::int32_t epoch = -1;
        std::int64_t end_offset = -1;
    };

    struct LeaderIdAndEpoch {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;
    };

    struct SnapshotId {
        std::int64_t end_offset = -1;
        std::int32_t epoch = -1;
    };

    struct AbortedTransaction {
        std::int64_t producer_id = 0;
        std::int64_t first_offset = 0;
    };

    struct PartitionData {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::int64_t high_watermark = 0;
        std::int64_t last_stable_offset = -1;
        std::int64_t log_start_offset = -1;
        EpochEndOffset diverging_epoch{};
        LeaderIdAndEpoch current_leader{};
        SnapshotId snapshot_id{};
        std::optional<std::vector<AbortedTransaction>> aborted_transactions{std::vector<AbortedTransaction>{}};
        std::int32_t preferred_read_replica = -1;
        Records records{};
    };

    struct FetchableTopicResponse {
        std::string topic{};
        Uuid topic_id{};
        std::vector<PartitionData> partitions{};
    };

    struct NodeEndpoint {
        std::int32_t node_id = 0;
        std::string host{};
        std::int32_t port = 0;
        std::optional<std::string> rack{};
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int32_t session_id = 0;
    std::vector<FetchableTopicResponse> responses{};
    std::vector<NodeEndpoint> node_endpoints{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
