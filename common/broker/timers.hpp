// SPDX-License-Identifier: Apache-2.0
// Time as whoever waits for something sees it: a clock and tasks to be run at a time of it, by the loop's thread.
#pragma once

#include <cstdint>
#include <functional>

#include "base/units.hpp"

namespace kseg::broker {

/// Names a timer; 0 is none.
using TimerId = std::uint64_t;

class Timers {
  public:
    Timers() = default;
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;
    virtual ~Timers() = default;

    /// Milliseconds of a clock that never goes back: for deadlines, not for the time of day.
    [[nodiscard]] virtual TimestampMs now() const = 0;
    /// Runs a task once now() is `deadline` or more.
    virtual TimerId at(TimestampMs deadline, std::function<void()> task) = 0;
    /// Takes a timer back; nothing where it ran or was taken back already.
    virtual void cancel(TimerId timer) = 0;
};

}  // namespace kseg::broker
