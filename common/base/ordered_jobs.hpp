// SPDX-License-Identifier: Apache-2.0
// Work on many threads whose results come out in the order in which it went in, with a bound on what is under way.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace kseg {

/// One thread submits jobs and consumes results; workers run what is between. Without threads everything runs in submit().
template <typename Job, typename Result>
class OrderedJobs {
  public:
    using Work = std::function<void(Job&, Result&)>;

    /// threads      workers; 0 runs the jobs in submit()
    /// make_work    called once for each worker, so that each has its own scratch
    /// consume      called in submit() and drain(), in order, on the submitting thread; the result is used again afterwards
    OrderedJobs(unsigned threads, const std::function<Work()>& make_work, std::function<void(Result&)> consume)
        : consume_(std::move(consume)), most_(2 * std::size_t{threads} + 1) {
        if (threads == 0) {
            inline_work_ = make_work();
        }
        // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): std::thread owns what it is given
        for (unsigned i = 0; i < threads; ++i) {
            workers_.emplace_back([this, work = make_work()] { run(work); });
        }
    }

    OrderedJobs(const OrderedJobs&) = delete;
    OrderedJobs& operator=(const OrderedJobs&) = delete;

    /// Ends the workers; results not consumed by then are dropped.
    ~OrderedJobs() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
            waiting_.clear();
        }
        work_there_.notify_all();
        for (std::thread& worker : workers_) {
            worker.join();
        }
    }

    /// Hands over a job; consumes finished results first, waiting for the oldest where too much is under way.
    void submit(Job job) {
        auto task = take_free();
        task->job = std::move(job);
        if (workers_.empty()) {
            inline_work_(task->job, task->result);
            consume_(task->result);
            free_.push_back(std::move(task));
            return;
        }
        consume_ready(most_ - 1);
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(task.get());
        }
        under_way_.push_back(std::move(task));
        work_there_.notify_one();
    }

    /// Waits for all jobs and consumes their results.
    void drain() { consume_ready(0); }

  private:
    struct Task {
        Job job;
        Result result;
        bool done = false;
    };

    std::unique_ptr<Task> take_free() {
        if (free_.empty()) {
            return std::make_unique<Task>();
        }
        auto task = std::move(free_.back());
        free_.pop_back();
        task->done = false;
        return task;
    }

    void consume_ready(std::size_t most_left) {
        while (!under_way_.empty()) {
            Task& oldest = *under_way_.front();
            {
                std::unique_lock lock(mutex_);
                if (!oldest.done && under_way_.size() <= most_left) {
                    return;
                }
                result_there_.wait(lock, [&oldest] { return oldest.done; });
            }
            consume_(oldest.result);
            free_.push_back(std::move(under_way_.front()));
            under_way_.pop_front();
        }
    }

    void run(const Work& work) {
        std::unique_lock lock(mutex_);
        for (;;) {
            work_there_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
            if (waiting_.empty()) {
                return;
            }
            Task& task = *waiting_.front();
            waiting_.pop_front();
            lock.unlock();
            work(task.job, task.result);
            task.job = Job{};  // lets go of what the job held
            lock.lock();
            task.done = true;
            result_there_.notify_one();
        }
    }

    std::function<void(Result&)> consume_;
    std::size_t most_;
    Work inline_work_;
    std::vector<std::unique_ptr<Task>> free_;
    std::deque<std::unique_ptr<Task>> under_way_;
    std::mutex mutex_;
    std::condition_variable work_there_;
    std::condition_variable result_there_;
    std::deque<Task*> waiting_;  // guarded by mutex_
    bool ending_ = false;        // guarded by mutex_
    std::vector<std::thread> workers_;
};

}  // namespace kseg
