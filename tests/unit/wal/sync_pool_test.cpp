// SPDX-License-Identifier: Apache-2.0
#include "wal/sync_pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

using namespace kseg;

namespace {

struct Job final : wal::Syncable {
    std::function<void()> work;
    void run_sync() override { work(); }
};

/// Waits until `done`, for a long time at most.
bool wait_for(const std::function<bool()>& done) {
    for (int i = 0; i < 10000; ++i) {
        if (done()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

}  // namespace

TEST_CASE("several logs are synced at the same time") {
    wal::SyncPool pool(3, 0);
    std::atomic<int> inside = 0;
    std::atomic<int> met = 0;
    Job jobs[3];
    for (Job& job : jobs) {
        job.work = [&] {
            ++inside;
            met += wait_for([&] { return inside == 3; }) ? 1 : 0;
        };
        pool.request(job);
    }
    CHECK(wait_for([&] { return met == 3; }));
    for (Job& job : jobs) {
        pool.forget(job);
    }
}

TEST_CASE("one log is synced by one thread at a time, and again for what came meanwhile") {
    wal::SyncPool pool(3, 0);
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    std::atomic<int> runs = 0;
    std::atomic<bool> go = false;
    Job job;
    job.work = [&] {
        most = std::max(most.load(), ++inside);
        wait_for([&] { return go.load(); });
        --inside;
        ++runs;
    };
    pool.request(job);
    CHECK(wait_for([&] { return inside == 1; }));
    pool.request(job);
    pool.request(job);  // the same request
    go = true;
    CHECK(wait_for([&] { return runs == 2; }));
    pool.forget(job);
    CHECK(most == 1);
    CHECK(runs == 2);
}

TEST_CASE("forgetting a log waits for the thread that is at work on it, and drops what waits") {
    wal::SyncPool pool(1, 0);
    std::atomic<bool> inside = false;
    std::atomic<bool> done = false;
    std::atomic<int> later = 0;
    Job slow;
    slow.work = [&] {
        inside = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        done = true;
    };
    Job other;
    other.work = [&] { ++later; };
    pool.request(slow);
    CHECK(wait_for([&] { return inside.load(); }));
    pool.request(other);
    pool.forget(other);
    pool.forget(slow);
    CHECK(done);
    CHECK(later == 0);
}

TEST_CASE("with an interval many requests are one sync") {
    wal::SyncPool pool(1, 20);
    std::atomic<int> runs = 0;
    Job job;
    job.work = [&] { ++runs; };
    for (int i = 0; i < 1000; ++i) {
        pool.request(job);
    }
    CHECK(wait_for([&] { return runs == 1; }));
    pool.forget(job);
    CHECK(runs <= 2);
}
