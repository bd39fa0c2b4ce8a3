// SPDX-License-Identifier: Apache-2.0
// What serves the APIs of consumer groups. Each registers itself with the broker's dispatcher.
#pragma once

#include "broker/broker.hpp"
#include "broker/groups/coordinator.hpp"

namespace kseg::broker {

/// All of the below.
void serve_groups(Broker& broker, GroupCoordinator& groups);

void serve_delete_groups(Broker& broker, GroupCoordinator& groups);
void serve_describe_groups(Broker& broker, GroupCoordinator& groups);
/// Also for transactional ids: this broker coordinates everything.
void serve_find_coordinator(Broker& broker);
void serve_heartbeat(Broker& broker, GroupCoordinator& groups);
void serve_join_group(Broker& broker, GroupCoordinator& groups);
void serve_leave_group(Broker& broker, GroupCoordinator& groups);
void serve_list_groups(Broker& broker, GroupCoordinator& groups);
void serve_offset_commit(Broker& broker, GroupCoordinator& groups);
void serve_offset_delete(Broker& broker, GroupCoordinator& groups);
void serve_offset_fetch(Broker& broker, GroupCoordinator& groups);
void serve_sync_group(Broker& broker, GroupCoordinator& groups);

/// Who asks, as the coordinator wants to know it.
inline Caller caller_of(const Call& call) {
    return {.version = call.version(), .client_id = call.client_id(), .client_host = call.client_host()};
}

/// Sends what the coordinator answers.
template <typename Response>
Answer<Response> answer_to(const CallPtr& call) {
    return [call](const Response& response) { call->answer(response); };
}

}  // namespace kseg::broker
