// SPDX-License-Identifier: Apache-2.0
// OffsetDelete: see groups/offsets.cpp. Source: Kafka 4.3, KafkaApis.handleOffsetDeleteRequest, KIP-496.
#include "kafka/protocol/messages/offset_delete.hpp"

#include <utility>

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

void serve_offset_delete(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<protocol::OffsetDeleteRequest>(
        protocol::ApiKey::offset_delete, [&broker, &groups](const CallPtr& call, protocol::OffsetDeleteRequest&& request) {
            groups.delete_offsets(request, [call, &broker](protocol::OffsetDeleteResponse response) {
                // Offsets of what is gone were deleted too, but whoever named it made a mistake.
                for (auto& topic : response.topics) {
                    const Topic* found = broker.topics().find(topic.name);
                    for (auto& partition : topic.partitions) {
                        if (found == nullptr || found->find(partition.partition_index) == nullptr) {
                            partition.error_code = protocol::ErrorCode::unknown_topic_or_partition;
                        }
                    }
                }
                call->answer(response);
            });
        });
}

}  // namespace kseg::broker
