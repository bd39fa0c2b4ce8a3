// SPDX-License-Identifier: Apache-2.0
// ListGroups: see groups/admin.cpp.
#include "kafka/protocol/messages/list_groups.hpp"

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

void serve_list_groups(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<protocol::ListGroupsRequest>(
        protocol::ApiKey::list_groups,
        [&groups](const CallPtr& call, protocol::ListGroupsRequest&& request) { call->answer(groups.list(request)); });
}

}  // namespace kseg::broker
