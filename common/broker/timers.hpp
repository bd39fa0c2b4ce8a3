// SPDX-License-Identifier: Apache-2.0
// Time for those who wait: what the broker's parts need of its loop, so that a test can let hours pass.
#pragma once

#include <cstdint>
#include <functional>

#include "base/units.hpp"

namespace kseg::broker {

/// Names a timer that was set; 0 is none.
using TimerId = std::uint64_t;

class Timers {
  public:
    Timers() = default;
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;
    virtual ~Timers() = default;

    /// Milliseconds of a clock that deadlines are set by. Not the time of day.
    [[nodiscard]] virtual TimestampMs now() const = 0;
    /// Runs `fn` once now() is `deadline` or more, and never before at() has returned.
    virtual TimerId at(TimestampMs deadline, std::function<void()> fn) = 0;
    /// Takes a timer back. One that ran, was taken back already, or is 0: nothing.
    virtual void cancel(TimerId timer) = 0;
};

}  // namespace kseg::broker
