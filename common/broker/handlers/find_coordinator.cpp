// SPDX-License-Identifier: Apache-2.0
// FindCoordinator: it is always this broker. Source: Kafka 4.3, KafkaApis.handleFindCoordinatorRequest, KIP-699.
#include "kafka/protocol/messages/find_coordinator.hpp"

#include <utility>

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

namespace {

using protocol::ErrorCode;
using protocol::FindCoordinatorResponse;

constexpr protocol::Version kFirstWithSeveral = 4;
constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;
/// What Kafka says of a kind of coordinator that it does not have.
constexpr const char* kMalformed =
    "This most likely occurs because of a request being malformed by the client library or the message was sent to an "
    "incompatible broker. See the broker logs for more details.";

FindCoordinatorResponse::Coordinator find(const Broker& broker, std::int8_t type, std::string key) {
    if (type != kGroup && type != kTransaction) {
        return {std::move(key), -1, "", -1, ErrorCode::invalid_request, kMalformed};
    }
    const Address& address = broker.settings().advertised;
    return {std::move(key), broker.identity().node_id, address.host, address.port, ErrorCode::none, ""};
}

}  // namespace

void serve_find_coordinator(Broker& broker) {
    broker.dispatcher().serve<protocol::FindCoordinatorRequest>(
        protocol::ApiKey::find_coordinator, [&broker](const CallPtr& call, protocol::FindCoordinatorRequest&& request) {
            FindCoordinatorResponse response;
            if (call->version() >= kFirstWithSeveral) {
                for (std::string& key : request.coordinator_keys) {
                    response.coordinators.push_back(find(broker, request.key_type, std::move(key)));
                }
                call->answer(response);
                return;
            }
            const auto found = find(broker, request.key_type, std::move(request.key));
            response.error_code = found.error_code;
            response.error_message = found.error_code == ErrorCode::none ? "NONE" : found.error_message;
            response.node_id = found.node_id;
            response.host = found.host;
            response.port = found.port;
            call->answer(response);
        });
}

}  // namespace kseg::broker
