// SPDX-License-Identifier: Apache-2.0
// DescribeGroups: see groups/admin.cpp.
#include "kafka/protocol/messages/describe_groups.hpp"

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

void serve_describe_groups(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<protocol::DescribeGroupsRequest>(
        protocol::ApiKey::describe_groups, [&groups](const CallPtr& call, protocol::DescribeGroupsRequest&& request) {
            call->answer(groups.describe(caller_of(*call), request));
        });
}

}  // namespace kseg::broker
