// SPDX-License-Identifier: Apache-2.0
#include "broker/workers.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <thread>

#include "support/fake_loop.hpp"

using namespace kseg;
using namespace kseg::broker;

TEST_CASE("jobs run beside the loop, what they return on it") {
    test::FakeClock clock;
    test::FakeLoop loop(clock);
    ThreadWorkers workers(loop, 2);
    const auto here = std::this_thread::get_id();
    std::set<int> done;
    std::atomic<int> elsewhere{0};
    for (int i = 0; i < 100; ++i) {
        workers.run([&, i] {
            elsewhere += std::this_thread::get_id() != here ? 1 : 0;
            return [&, i] {
                CHECK(std::this_thread::get_id() == here);
                done.insert(i);
            };
        });
    }
    REQUIRE(loop.run_until([&] { return done.size() == 100; }));
    CHECK(elsewhere == 100);
}

TEST_CASE("two jobs run at once, and one that waits holds up no other thread") {
    test::FakeClock clock;
    test::FakeLoop loop(clock);
    ThreadWorkers workers(loop, 2);
    std::latch gate(1);
    bool first = false;
    bool second = false;
    workers.run([&] {
        gate.wait();
        return [&] { first = true; };
    });
    workers.run([&] { return [&] { second = true; }; });
    CHECK(loop.run_until([&] { return second; }));
    CHECK_FALSE(first);
    gate.count_down();
    CHECK(loop.run_until([&] { return first; }));
}

TEST_CASE("the end waits for what runs and drops what did not begin") {
    test::FakeClock clock;
    test::FakeLoop loop(clock);
    const auto held = std::make_shared<int>(0);
    std::atomic<bool> begun{false};
    std::atomic<bool> finished{false};
    std::latch gate(1);
    std::thread opener;
    {
        ThreadWorkers workers(loop, 1);
        workers.run([&] {
            begun = true;
            gate.wait();
            finished = true;
            return [] {};
        });
        while (!begun) {
            std::this_thread::yield();
        }
        workers.run([held] { return [held] { ++*held; }; });
        CHECK(held.use_count() == 2);
        // The destructor may or may not have begun by then: either way it has to wait.
        opener = std::thread([&] { gate.count_down(); });
    }
    opener.join();
    CHECK(finished);
    loop.run_until_idle();
    CHECK(*held == 0);
    CHECK(held.use_count() == 1);
}
