// SPDX-License-Identifier: Apache-2.0
// Timers on a time that a test sets: it goes from deadline to deadline, so that hours cost nothing.
#pragma once

#include <map>
#include <utility>

#include "base/clock.hpp"
#include "broker/timers.hpp"

namespace kseg::test {

class FakeTimers final : public broker::Timers {
  public:
    [[nodiscard]] TimestampMs now() const override { return now_; }
    broker::TimerId at(TimestampMs deadline, std::function<void()> fn) override {
        const broker::TimerId id = ++last_;
        deadlines_[id] = deadline;
        due_.emplace(std::pair(deadline, id), std::move(fn));
        return id;
    }
    void cancel(broker::TimerId timer) override {
        if (const auto found = deadlines_.find(timer); found != deadlines_.end()) {
            due_.erase(std::pair(found->second, timer));
            deadlines_.erase(found);
        }
    }

    /// Lets so much time pass, and what is due run at its time.
    void advance(TimestampMs by_ms) {
        const TimestampMs end = now_ + by_ms;
        while (!due_.empty() && due_.begin()->first.first <= end) {
            const auto [deadline, id] = due_.begin()->first;
            const std::function<void()> fn = std::move(due_.begin()->second);
            due_.erase(due_.begin());
            deadlines_.erase(id);
            now_ = std::max(now_, deadline);
            fn();
        }
        now_ = end;
    }
    /// Runs what is due now.
    void settle() { advance(0); }
    [[nodiscard]] std::size_t size() const { return due_.size(); }

  private:
    TimestampMs now_ = 5'000;
    broker::TimerId last_ = 0;
    std::map<broker::TimerId, TimestampMs> deadlines_;
    std::map<std::pair<TimestampMs, broker::TimerId>, std::function<void()>> due_;
};

/// The time of day that goes with it.
class ClockOfTimers final : public Clock {
  public:
    explicit ClockOfTimers(const FakeTimers& timers) : timers_(timers) {}
    [[nodiscard]] TimestampMs now() const override { return 1'700'000'000'000 + timers_.now(); }

  private:
    const FakeTimers& timers_;
};

}  // namespace kseg::test
