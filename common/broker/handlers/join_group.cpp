// SPDX-License-Identifier: Apache-2.0
// JoinGroup: see groups/join.cpp.
#include "kafka/protocol/messages/join_group.hpp"

#include <utility>

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

namespace {

constexpr protocol::Version kFirstWithNullProtocol = 7;

}  // namespace

void serve_join_group(Broker& broker, GroupCoordinator& groups) {
    broker.dispatcher().serve<protocol::JoinGroupRequest>(
        protocol::ApiKey::join_group, [&groups](const CallPtr& call, protocol::JoinGroupRequest&& request) {
            groups.join(caller_of(*call), std::move(request), [call](protocol::JoinGroupResponse response) {
                if (call->version() < kFirstWithNullProtocol && !response.protocol_name) {
                    response.protocol_name = "";
                }
                call->answer(response);
            });
        });
}

}  // namespace kseg::broker
