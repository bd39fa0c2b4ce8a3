// SPDX-License-Identifier: Apache-2.0
// Groups as a part of a broker: the coordinator on the broker's loop, clock and log, and its APIs in the broker's
// dispatcher.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "broker/broker.hpp"
#include "broker/groups/coordinator.hpp"
#include "broker/offsets_partition.hpp"

namespace kseg::broker {

class GroupService {
  public:
    /// Takes up what the broker's directory holds of groups, and serves them. Once the topics are open. The broker lives as
    /// long as the service serves.
    /// errors   io
    static Result<std::unique_ptr<GroupService>> open(Broker& broker, GroupSettings settings = {});

    GroupService(const GroupService&) = delete;
    GroupService& operator=(const GroupService&) = delete;
    ~GroupService() = default;

    [[nodiscard]] GroupCoordinator& coordinator() { return coordinator_; }

  private:
    GroupService(Broker& broker, const GroupSettings& settings);

    PartitionOffsetsLog log_;
    GroupCoordinator coordinator_;
};

}  // namespace kseg::broker
