// SPDX-License-Identifier: Apache-2.0
// Workers without threads: a job runs at once, what it returns when the loop's turn comes. Held back, jobs wait to be told.
#pragma once

#include <deque>
#include <utility>

#include "broker/workers.hpp"

namespace kseg::test {

class InlineWorkers final : public broker::Workers {
  public:
    explicit InlineWorkers(broker::Loop& loop) : loop_(loop) {}

    void run(Job job) override {
        if (held_back) {
            waiting.push_back(std::move(job));
        } else {
            loop_.post(job());
        }
    }
    /// Runs those that were held back.
    void run_waiting() {
        while (!waiting.empty()) {
            Job job = std::move(waiting.front());
            waiting.pop_front();
            loop_.post(job());
        }
    }

    bool held_back = false;
    std::deque<Job> waiting;

  private:
    broker::Loop& loop_;
};

}  // namespace kseg::test
