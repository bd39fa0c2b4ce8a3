// SPDX-License-Identifier: Apache-2.0
#include "base/ordered_jobs.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <vector>

using namespace kseg;

namespace {

struct Counters {
    std::atomic<int> begun{0};
    int consumed = 0;
    int most_under_way = 0;
    std::vector<int> results;
};

void run(unsigned threads, int jobs, Counters& counters) {
    OrderedJobs<int, int> ordered(
        threads,
        [&counters] {
            return [&counters](int& job, int& result) {
                counters.begun.fetch_add(1);
                // Later jobs are often done first.
                std::this_thread::sleep_for(std::chrono::microseconds((job * 7919) % 300));
                result = job * 10;
            };
        },
        [&counters](int& result) {
            counters.results.push_back(result);
            ++counters.consumed;
        });
    for (int i = 0; i < jobs; ++i) {
        ordered.submit(i);
        counters.most_under_way = std::max(counters.most_under_way, i + 1 - counters.consumed);
    }
    ordered.drain();
}

}  // namespace

TEST_CASE("results come in the order of the jobs, whatever the number of threads") {
    for (const unsigned threads : {0U, 1U, 2U, 5U}) {
        Counters counters;
        run(threads, 300, counters);
        REQUIRE(counters.results.size() == 300);
        for (int i = 0; i < 300; ++i) {
            CHECK(counters.results[static_cast<std::size_t>(i)] == i * 10);
        }
        CHECK(counters.most_under_way <= static_cast<int>(2 * threads + 1));
    }
}

TEST_CASE("ending with work under way drops it and does not hang") {
    std::atomic<int> done{0};
    {
        OrderedJobs<int, int> ordered(
            2,
            [&done] {
                return [&done](int&, int&) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(2));
                    done.fetch_add(1);
                };
            },
            [](int&) {});
        for (int i = 0; i < 4; ++i) {
            ordered.submit(i);
        }
    }
    CHECK(done.load() <= 4);
}
