// SPDX-License-Identifier: Apache-2.0
#include "objects/retry.hpp"

#include <algorithm>

namespace kseg::objects {

std::chrono::milliseconds backoff(const RetryPolicy& policy, int failed, std::uint64_t random) {
    constexpr int kMostDoublings = 30;  // milliseconds stay far from the end of their range
    const int doublings = std::clamp(failed - 1, 0, kMostDoublings);
    const std::chrono::milliseconds most = std::min(policy.longest, policy.first * (std::int64_t{1} << doublings));
    if (most.count() <= 0) {
        return std::chrono::milliseconds(0);
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(most.count()) + 1)));
}

}  // namespace kseg::objects
