// SPDX-License-Identifier: Apache-2.0
// Threads beside the loop for what blocks: files, stores, decompression of what is large.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "broker/loop.hpp"

namespace kseg::broker {

class Workers {
  public:
    /// Runs on a thread of its own and touches nothing that is the loop's; the loop runs what it returns.
    using Job = std::function<Loop::Task()>;

    Workers() = default;
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    virtual ~Workers() = default;

    /// Takes a job; jobs begin in the order in which they came. By any thread.
    virtual void run(Job job) = 0;
};

class ThreadWorkers final : public Workers {
  public:
    enum class Share : std::uint8_t {
        equal,
        background,  ///< they get processors and disks when nobody else wants them, or nearly so
    };

    /// Borrows the loop. The threads begin with the first job.
    ThreadWorkers(Loop& loop, unsigned threads, Share share = Share::equal)
        : loop_(loop), most_threads_(threads), share_(share) {}
    ThreadWorkers(const ThreadWorkers&) = delete;
    ThreadWorkers& operator=(const ThreadWorkers&) = delete;
    /// Waits for the jobs under way, and drops those that did not begin. What a job returned may be run by the loop after
    /// this: it must hold what it needs.
    ~ThreadWorkers() override;

    void run(Job job) override;

  private:
    void serve();

    Loop& loop_;
    const unsigned most_threads_;
    const Share share_;
    std::mutex mutex_;
    std::condition_variable work_there_;
    std::deque<Job> jobs_;
    unsigned idle_ = 0;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace kseg::broker
