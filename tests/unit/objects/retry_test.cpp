// SPDX-License-Identifier: Apache-2.0
#include "objects/retry.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <random>

using namespace kseg;
using objects::backoff;
using std::chrono::milliseconds;

TEST_CASE("waits double up to the longest, and may be of any length up to that") {
    const objects::RetryPolicy policy{.first = milliseconds(100), .longest = milliseconds(5000)};
    constexpr std::array<int, 10> kMost{100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000};
    for (std::size_t i = 0; i < kMost.size(); ++i) {
        const int failed = static_cast<int>(i) + 1;
        CAPTURE(failed);
        const auto most = static_cast<std::uint64_t>(kMost.at(i));
        CHECK(backoff(policy, failed, 0) == milliseconds(0));
        CHECK(backoff(policy, failed, most) == milliseconds(kMost.at(i)));
        CHECK(backoff(policy, failed, most + 1) == milliseconds(0));
        CHECK(backoff(policy, failed, most / 2) == milliseconds(kMost.at(i) / 2));
    }
    CHECK(backoff(policy, std::numeric_limits<int>::max(), 4999) == milliseconds(4999));
    CHECK(backoff({.first = milliseconds(0), .longest = milliseconds(0)}, 3, 77) == milliseconds(0));
}

TEST_CASE("all lengths are equally likely") {
    std::mt19937_64 random(7);
    std::array<int, 4> quarters{};
    for (int i = 0; i < 40'000; ++i) {
        const auto time = backoff({.first = milliseconds(99)}, 1, random());
        REQUIRE(time.count() <= 99);
        ++quarters.at(static_cast<std::size_t>(time.count() / 25));
    }
    for (const int count : quarters) {
        CHECK(count > 9'500);
        CHECK(count < 10'500);
    }
}
