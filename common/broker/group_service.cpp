// SPDX-License-Identifier: Apache-2.0
#include "broker/group_service.hpp"

#include "broker/handlers/group_handlers.hpp"

namespace kseg::broker {

GroupService::GroupService(Broker& broker, const GroupSettings& settings)
    : log_(broker),
      coordinator_(
          broker.loop(), broker.clock(), log_, [&broker] { return random_uuid(broker.random()); }, settings) {}

Result<std::unique_ptr<GroupService>> GroupService::open(Broker& broker, GroupSettings settings) {
    std::unique_ptr<GroupService> service(new GroupService(broker, settings));  // NOLINT(*-owning-memory): private
    if (auto loaded = service->coordinator_.load(); !loaded) {
        return loaded.error();
    }
    serve_groups(broker, service->coordinator_);
    return service;
}

void serve_groups(Broker& broker, GroupCoordinator& groups) {
    serve_delete_groups(broker, groups);
    serve_describe_groups(broker, groups);
    serve_find_coordinator(broker);
    serve_heartbeat(broker, groups);
    serve_join_group(broker, groups);
    serve_leave_group(broker, groups);
    serve_list_groups(broker, groups);
    serve_offset_commit(broker, groups);
    serve_offset_delete(broker, groups);
    serve_offset_fetch(broker, groups);
    serve_sync_group(broker, groups);
}

}  // namespace kseg::broker
