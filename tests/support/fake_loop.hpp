// SPDX-License-Identifier: Apache-2.0
// A loop without descriptors, driven by a test on a clock that the test sets. Tasks of other threads, such as what follows
// a sync, are waited for in real time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "broker/loop.hpp"
#include "broker/timer_queue.hpp"
#include "support/fake_clock.hpp"

namespace kseg::test {

class FakeLoop final : public broker::Loop {
  public:
    explicit FakeLoop(FakeClock& clock) : clock_(clock) {}

    [[nodiscard]] TimestampMs now() const override { return clock_.now(); }
    void post(Task task) override {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
        came_.notify_all();
    }
    broker::TimerId at(TimestampMs deadline, Task task) override { return timers_.add(deadline, std::move(task)); }
    void cancel(broker::TimerId timer) override { timers_.cancel(timer); }

    /// Runs what was posted and what is due until there is nothing more. Knows nothing of other threads.
    void run_until_idle() {
        do {
            timers_.run_due(now());
        } while (run_posted());
    }
    /// The time goes on, a millisecond after the other.
    void advance(TimestampMs by_ms) {
        for (TimestampMs i = 0; i < by_ms; ++i) {
            ++clock_.now_ms;
            run_until_idle();
        }
    }
    /// Runs until `done` says so, waiting for other threads; false where that takes more than ten seconds.
    bool run_until(const std::function<bool()>& done) {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        for (run_until_idle(); !done(); run_until_idle()) {
            std::unique_lock lock(mutex_);
            if (!came_.wait_until(lock, give_up, [this] { return !posted_.empty(); })) {
                return false;
            }
        }
        return true;
    }

  private:
    bool run_posted() {
        std::vector<Task> tasks;
        {
            const std::lock_guard lock(mutex_);
            tasks.swap(posted_);
        }
        for (const Task& task : tasks) {
            task();
        }
        return !tasks.empty();
    }

    FakeClock& clock_;
    broker::TimerQueue timers_;
    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<Task> posted_;
};

}  // namespace kseg::test
