// SPDX-License-Identifier: Apache-2.0
// FindCoordinator: it is always this broker. Source: Kafka 4.3, KafkaApis.handleFindCoordinatorRequest, KIP-699.
#include "kafka/protocol/messages/find_coordinator.hpp"

#include <utility>

#include "broker/handlers/group_handlers.hpp"
#include "broker/handlers/handlers.hpp"
#include "broker/offsets_partition.hpp"

namespace kseg::broker {

namespace {

using protocol::ErrorCode;
using protocol::FindCoordinatorRequest;
using protocol::FindCoordinatorResponse;

constexpr protocol::Version kFirstWithSeveral = 4;
constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;
/// What Kafka says of a kind of coordinator that it does not have.
constexpr const char* kMalformed =
    "This most likely occurs because of a request being malformed by the client library or the message was sent to an "
    "incompatible broker. See the broker logs for more details.";
constexpr const char* kNoOffsets = "The coordinator is not available.";

FindCoordinatorResponse::Coordinator find(Broker& broker, std::int8_t type, const std::string& key) {
    if (type != kGroup && type != kTransaction) {
        return {key, -1, "", -1, ErrorCode::invalid_request, kMalformed};
    }
    if (type == kGroup && !broker.topics().is_read_only() && broker.topics().find(kOffsetsTopic) == nullptr) {
        return {key, -1, "", -1, ErrorCode::coordinator_not_available, kNoOffsets};
    }
    const Address& address = broker.settings().advertised;
    return {key, broker.identity().node_id, address.host, address.port, ErrorCode::none, ""};
}

using Asked = Gathering<FindCoordinatorRequest, FindCoordinatorResponse>;

void fill(Broker& broker, Asked& asked) {
    FindCoordinatorResponse& response = asked.response;
    if (asked.call->version() >= kFirstWithSeveral) {
        for (const std::string& key : asked.request.coordinator_keys) {
            response.coordinators.push_back(find(broker, asked.request.key_type, key));
        }
        return;
    }
    const auto found = find(broker, asked.request.key_type, asked.request.key);
    response.error_code = found.error_code;
    response.error_message = found.error_code == ErrorCode::none ? "NONE" : found.error_message;
    response.node_id = found.node_id;
    response.host = found.host;
    response.port = found.port;
}

}  // namespace

void serve_find_coordinator(Broker& broker) {
    broker.dispatcher().serve<FindCoordinatorRequest>(
        protocol::ApiKey::find_coordinator, [&broker](const CallPtr& call, FindCoordinatorRequest&& request) {
            const auto gathering = Asked::begin(broker, call, std::move(request));
            const auto answer = [&broker, weak = std::weak_ptr(gathering)] {
                if (const auto asked = weak.lock()) {
                    fill(broker, *asked);
                    asked->done_with_one(broker);
                }
            };
            // What the coordinator writes to is there when it is told of.
            if (gathering->request.key_type != kGroup || !make_offsets_topic(broker, answer)) {
                answer();
            }
        });
}

}  // namespace kseg::broker
