// SPDX-License-Identifier: Apache-2.0
#include "broker/timer_queue.hpp"

#include <doctest/doctest.h>

#include <string>

using kseg::broker::TimerId;
using kseg::broker::TimerQueue;

TEST_CASE("timers run by deadline, and those of one deadline in the order in which they were set") {
    TimerQueue timers;
    std::string ran;
    timers.add(20, [&] { ran += 'c'; });
    timers.add(10, [&] { ran += 'a'; });
    timers.add(10, [&] { ran += 'b'; });
    CHECK(timers.next() == 10);
    timers.run_due(9);
    CHECK(ran.empty());
    timers.run_due(20);
    CHECK(ran == "abc");
    CHECK_FALSE(timers.next());
}

TEST_CASE("a timer that was taken back does not run, also where another takes it back in the same turn") {
    TimerQueue timers;
    std::string ran;
    TimerId second = 0;
    const TimerId third = timers.add(12, [&] { ran += '3'; });
    timers.add(10, [&] {
        ran += '1';
        timers.cancel(second);
    });
    second = timers.add(11, [&] { ran += '2'; });
    timers.cancel(third);
    timers.cancel(third);
    timers.cancel(0);
    timers.run_due(100);
    CHECK(ran == "1");
}

TEST_CASE("a timer that sets itself anew for now runs once a turn") {
    TimerQueue timers;
    int ran = 0;
    std::function<void()> again = [&] {
        ++ran;
        timers.add(5, again);
    };
    timers.add(5, again);
    timers.run_due(5);
    CHECK(ran == 1);
    timers.run_due(5);
    CHECK(ran == 2);
}
