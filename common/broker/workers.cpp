// SPDX-License-Identifier: Apache-2.0
#include "broker/workers.hpp"

#include <utility>

namespace kseg::broker {

ThreadWorkers::~ThreadWorkers() {
    std::deque<Job> dropped;
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        dropped.swap(jobs_);
    }
    work_there_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void ThreadWorkers::run(Job job) {
    const std::lock_guard lock(mutex_);
    if (ending_) {
        return;
    }
    jobs_.push_back(std::move(job));
    if (idle_ < jobs_.size() && threads_.size() < most_threads_) {
        threads_.emplace_back([this] { serve(); });
    }
    work_there_.notify_one();
}

void ThreadWorkers::serve() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        work_there_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
        --idle_;
        if (ending_) {
            return;
        }
        Job job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        loop_.post(job());
        job = nullptr;  // what it holds goes before the next one is waited for
        lock.lock();
    }
}

}  // namespace kseg::broker
