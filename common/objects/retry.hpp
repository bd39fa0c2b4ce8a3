// SPDX-License-Identifier: Apache-2.0
// When what failed is tried again: exponential back-off with full jitter, so that many who were turned away together do not
// come back together.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace kseg::objects {

struct RetryPolicy {
    int attempts = 8;  ///< in all; at least 1
    std::chrono::milliseconds first{100};
    std::chrono::milliseconds longest{20'000};
};

/// How long to wait after attempt `failed` (1 is the first): a length between 0 and first * 2^(failed - 1), at most
/// `longest`, all of them equally likely.
/// random   64 random bits
std::chrono::milliseconds backoff(const RetryPolicy& policy, int failed, std::uint64_t random);

}  // namespace kseg::objects
