// SPDX-License-Identifier: Apache-2.0
#include "broker/workers.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace kseg::broker {
namespace {

/// Of the calling thread, which is what both numbers mean on Linux. That either is refused changes nothing but speed.
void step_back() {
    constexpr int kNice = 10;
    constexpr long kIoPriorityOfThread = 1;             // IOPRIO_WHO_PROCESS
    constexpr long kLowestBestEffort = (2L << 13) | 7;  // IOPRIO_CLASS_BE, level 7
    const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
    (void)::setpriority(PRIO_PROCESS, thread, kNice);
    (void)::syscall(SYS_ioprio_set, kIoPriorityOfThread, thread, kLowestBestEffort);
}

}  // namespace

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
    if (share_ == Share::background) {
        step_back();
    }
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
