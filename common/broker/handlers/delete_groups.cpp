// SPDX-License-Identifier: Apache-2.0
// DeleteGroups: see groups/admin.cpp.
#include "kafka/protocol/messages/delete_groups.hpp"

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

void serve_delete_groups(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<protocol::DeleteGroupsRequest>(
        protocol::ApiKey::delete_groups, [&groups](const CallPtr& call, protocol::DeleteGroupsRequest&& request) {
            groups.delete_groups(request, answer_to<protocol::DeleteGroupsResponse>(call));
        });
}

}  // namespace kseg::broker
