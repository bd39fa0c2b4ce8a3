// SPDX-License-Identifier: Apache-2.0
// A clock that a test sets.
#pragma once

#include <atomic>

#include "base/clock.hpp"

namespace kseg::test {

class FakeClock final : public Clock {
  public:
    [[nodiscard]] TimestampMs now() const override { return now_ms.load(); }

    std::atomic<TimestampMs> now_ms{1'700'000'000'000};
};

}  // namespace kseg::test
