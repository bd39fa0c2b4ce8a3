// SPDX-License-Identifier: Apache-2.0
// The time of day as something that is handed in, so that a test can set it.
#pragma once

#include "base/units.hpp"

namespace kseg {

class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    /// Milliseconds since 1970 in UTC. May be called from any thread.
    [[nodiscard]] virtual TimestampMs now() const = 0;
};

}  // namespace kseg
