// SPDX-License-Identifier: Apache-2.0
// DescribeCluster: cluster id, controller and brokers.
// Source: Kafka's DescribeClusterRequest and DescribeClusterResponse schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/error_code.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct DescribeClusterRequest {
    bool include_cluster_authorized_operations = false;
    std::int8_t endpoint_type = 1;
    bool include_fenced_brokers = false;

    static const Schema kSchema;
};

struct DescribeClusterResponse {
    struct DescribeClusterBroker {
        std::int32_t broker_id = 0;
        std::string host{};
        std::int32_t port = 0;
        std::optional<std::string> rack{};
        bool is_fenced = false;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message{};
    std::int8_t endpoint_type = 1;
    std::string cluster_id{};
    std::int32_t controller_id = -1;
    std::vector<DescribeClusterBroker> brokers{};
    std::int32_t cluster_authorized_operations = INT32_MIN;

    static const Schema kSchema;
};

}  // namespace kseg::protocol
