// SPDX-License-Identifier: Apache-2.0
// SyncGroup: see groups/sync.cpp.
#include "kafka/protocol/messages/sync_group.hpp"

#include <utility>

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

void serve_sync_group(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<protocol::SyncGroupRequest>(
        protocol::ApiKey::sync_group, [&groups](const CallPtr& call, protocol::SyncGroupRequest&& request) {
            groups.sync(caller_of(*call), std::move(request), answer_to<protocol::SyncGroupResponse>(call));
        });
}

}  // namespace kseg::broker
