// SPDX-License-Identifier: Apache-2.0
// JoinGroup: see groups/join.cpp.
#include "kafka/protocol/messages/join_group.hpp"

#include <utility>

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

void serve_join_group(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<protocol::JoinGroupRequest>(
        protocol::ApiKey::join_group, [&groups](const CallPtr& call, protocol::JoinGroupRequest&& request) {
            groups.join(caller_of(*call), std::move(request), answer_to<protocol::JoinGroupResponse>(call));
        });
}

}  // namespace kseg::broker
