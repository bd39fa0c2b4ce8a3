// SPDX-License-Identifier: Apache-2.0
// What owns a broker's state: one thread that runs tasks one after another. Work of other threads comes back by post().
#pragma once

#include <functional>

#include "broker/timers.hpp"

namespace kseg::broker {

class Loop : public Timers {
  public:
    using Task = std::function<void()>;

    /// Runs a task later, after those that were posted before. By any thread; everything else by the loop's only.
    virtual void post(Task task) = 0;
};

}  // namespace kseg::broker
