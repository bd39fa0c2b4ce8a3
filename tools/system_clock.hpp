// SPDX-License-Identifier: Apache-2.0
// The machine's time of day, and a clock that never goes back.
#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace kseg::tools {

class SystemClock final : public Clock {
  public:
    [[nodiscard]] TimestampMs now() const override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    }
};

class SteadyClock final : public Clock {
  public:
    /// Milliseconds since some moment.
    [[nodiscard]] TimestampMs now() const override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count();
    }
};

}  // namespace kseg::tools
