// SPDX-License-Identifier: Apache-2.0
// DescribeLogDirs: the one directory, and what partitions take in it. Source: Kafka 4.3, ReplicaManager.describeLogDirs.
#include "kafka/protocol/messages/describe_log_dirs.hpp"

#include <algorithm>

#include "broker/handlers/handlers.hpp"

namespace kseg::broker {
namespace {

using protocol::DescribeLogDirsRequest;
using protocol::DescribeLogDirsResponse;

void describe(const Topic& topic, const std::vector<std::int32_t>* asked,
              DescribeLogDirsResponse::DescribeLogDirsResult& result) {
    DescribeLogDirsResponse::DescribeLogDirsTopic described{.name = topic.name};
    for (const auto& [number, partition] : topic.partitions) {
        if (asked != nullptr && std::ranges::find(*asked, number) == asked->end()) {
            continue;
        }
        // Of one whose files cannot be looked at, nothing is known.
        const auto size = partition->size_bytes();
        described.partitions.push_back(
            {.partition_index = number, .partition_size = size ? static_cast<std::int64_t>(*size) : 0});
    }
    if (!described.partitions.empty()) {
        result.topics.push_back(std::move(described));
    }
}

}  // namespace

void serve_describe_log_dirs(Broker& broker) {
    broker.dispatcher().serve<DescribeLogDirsRequest>(
        protocol::ApiKey::describe_log_dirs, [&broker](const CallPtr& call, DescribeLogDirsRequest&& request) {
            DescribeLogDirsResponse response;
            auto& result = response.results.emplace_back();
            result.log_dir = broker.settings().directory;
            if (!request.topics) {
                for (const auto& [name, topic] : broker.topics().all()) {
                    describe(*topic, nullptr, result);
                }
            } else {
                for (const auto& asked : *request.topics) {
                    if (const Topic* const topic = broker.topics().find(asked.topic)) {
                        describe(*topic, &asked.partitions, result);
                    }
                }
            }
            call->answer(response);
        });
}

}  // namespace kseg::broker
