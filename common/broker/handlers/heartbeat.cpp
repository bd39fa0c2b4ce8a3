// SPDX-License-Identifier: Apache-2.0
// Heartbeat: see groups/sync.cpp.
#include "kafka/protocol/messages/heartbeat.hpp"

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

void serve_heartbeat(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<protocol::HeartbeatRequest>(
        protocol::ApiKey::heartbeat,
        [&groups](const CallPtr& call, protocol::HeartbeatRequest&& request) { call->answer(groups.heartbeat(request)); });
}

}  // namespace kseg::broker
