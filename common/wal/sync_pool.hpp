// SPDX-License-Identifier: Apache-2.0
// Threads that sync logs which ask for it, several logs at a time and each log by one thread at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace kseg::wal {

/// What can be synced.
class Syncable {
  public:
    virtual ~Syncable() = default;
    /// Syncs what came so far; called on a thread of the pool.
    virtual void run_sync() = 0;
};

class SyncPool {
  public:
    /// interval_ms   0: a request is served at once; otherwise all requests of so long a time are served at its end
    SyncPool(unsigned threads, std::uint32_t interval_ms);
    SyncPool(const SyncPool&) = delete;
    SyncPool& operator=(const SyncPool&) = delete;
    /// Ends the threads; requests that were not served are dropped.
    ~SyncPool();

    /// Asks for a sync of `log`, which may be asked for again before it is served.
    void request(Syncable& log);
    /// Drops what `log` asked for and waits until no thread is at work on it: then it may be destroyed.
    void forget(Syncable& log);

  private:
    void serve();
    void tick(std::uint32_t interval_ms);

    std::mutex mutex_;
    std::condition_variable work_there_;
    std::condition_variable work_done_;
    std::condition_variable ending_there_;
    std::deque<Syncable*> waiting_;  // for the end of the interval
    std::deque<Syncable*> ready_;    // to be served
    std::vector<Syncable*> under_way_;
    bool timed_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace kseg::wal
