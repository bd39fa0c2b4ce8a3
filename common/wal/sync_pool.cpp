// SPDX-License-Identifier: Apache-2.0
#include "wal/sync_pool.hpp"

#include <algorithm>
#include <chrono>

namespace kseg::wal {

SyncPool::SyncPool(unsigned threads, std::uint32_t interval_ms) : timed_(interval_ms != 0) {
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): std::thread owns what it is given
    for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
        threads_.emplace_back([this] { serve(); });
    }
    if (timed_) {
        threads_.emplace_back([this, interval_ms] { tick(interval_ms); });
    }
}

SyncPool::~SyncPool() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    work_there_.notify_all();
    ending_there_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void SyncPool::request(Syncable& log) {
    {
        const std::lock_guard lock(mutex_);
        std::deque<Syncable*>& queue = timed_ ? waiting_ : ready_;
        if (std::ranges::find(queue, &log) != queue.end()) {
            return;
        }
        queue.push_back(&log);
    }
    if (!timed_) {
        work_there_.notify_one();
    }
}

void SyncPool::forget(Syncable& log) {
    std::unique_lock lock(mutex_);
    std::erase(waiting_, &log);
    std::erase(ready_, &log);
    work_done_.wait(lock, [&] { return std::ranges::find(under_way_, &log) == under_way_.end(); });
}

void SyncPool::serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
        // A log that is being synced is left to whoever does that; it stays in the queue for what came since.
        const auto is_free = [this](Syncable* log) { return std::ranges::find(under_way_, log) == under_way_.end(); };
        auto next = ready_.end();
        work_there_.wait(lock, [&] {
            next = std::ranges::find_if(ready_, is_free);
            return ending_ || next != ready_.end();
        });
        if (ending_) {
            return;
        }
        Syncable* const log = *next;
        ready_.erase(next);
        under_way_.push_back(log);
        lock.unlock();
        log->run_sync();
        lock.lock();
        std::erase(under_way_, log);
        work_done_.notify_all();
        if (!ready_.empty()) {
            work_there_.notify_one();
        }
    }
}

void SyncPool::tick(std::uint32_t interval_ms) {
    std::unique_lock lock(mutex_);
    while (!ending_there_.wait_for(lock, std::chrono::milliseconds(interval_ms), [this] { return ending_; })) {
        for (Syncable* const log : waiting_) {
            if (std::ranges::find(ready_, log) == ready_.end()) {
                ready_.push_back(log);
            }
        }
        waiting_.clear();
        work_there_.notify_all();
    }
}

}  // namespace kseg::wal
