// SPDX-License-Identifier: Apache-2.0
// Tasks by the time at which they are due. Those of one deadline run in the order in which they were set.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "broker/loop.hpp"

namespace kseg::broker {

class TimerQueue {
  public:
    TimerId add(TimestampMs deadline, Loop::Task task);
    void cancel(TimerId timer);
    /// When the next is due; nothing without timers.
    [[nodiscard]] std::optional<TimestampMs> next() const;
    /// Runs what is due, but nothing that is set meanwhile: a timer that sets itself anew must not hold the loop.
    void run_due(TimestampMs now);

  private:
    using Key = std::pair<TimestampMs, TimerId>;

    std::map<Key, Loop::Task> by_time_;
    std::unordered_map<TimerId, TimestampMs> deadlines_;
    TimerId last_id_ = 0;
};

}  // namespace kseg::broker
