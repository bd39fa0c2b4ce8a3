// SPDX-License-Identifier: Apache-2.0
// The loop over the kernel's epoll: descriptors, timers and posted tasks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "broker/loop.hpp"
#include "broker/timer_queue.hpp"
#include "io/file.hpp"

namespace kseg::broker {

/// What a descriptor is watched for, and what has come.
struct Readiness {
    bool readable = false;
    bool writable = false;
    bool broken = false;  ///< the other side is gone; only ever reported

    friend bool operator==(const Readiness&, const Readiness&) = default;
};

class EpollLoop final : public Loop {
  public:
    using OnReady = std::function<void(Readiness)>;

    /// Borrows the clock, which must never go back.
    /// errors   io   the kernel gives no descriptors
    static Result<std::unique_ptr<EpollLoop>> create(const Clock& steady);
    EpollLoop(const EpollLoop&) = delete;
    EpollLoop& operator=(const EpollLoop&) = delete;
    ~EpollLoop() override;

    [[nodiscard]] TimestampMs now() const override { return clock_.now(); }
    void post(Task task) override;
    TimerId at(TimestampMs deadline, Task task) override { return timers_.add(deadline, std::move(task)); }
    void cancel(TimerId timer) override { timers_.cancel(timer); }

    /// Watches a descriptor, level-triggered, until forget(). Borrows it.
    /// errors   io
    Result<void> watch(int fd, Readiness interest, OnReady on_ready);
    void change(int fd, Readiness interest);
    void forget(int fd);

    /// Written to, this event descriptor ends a wait; stays the loop's.
    [[nodiscard]] int wake_descriptor() const { return wake_.get(); }

    /// One turn: waits for something to do, if `wait`, at most until the next timer, and does it.
    void run_once(bool wait);
    /// Turns until stop().
    void run();
    /// Ends run() after the turn. By any thread and by signal handlers.
    void stop();

  private:
    struct Watched {
        std::uint64_t generation = 0;
        Readiness interest{};
        OnReady on_ready;
    };

    explicit EpollLoop(const Clock& steady) : clock_(steady) {}
    [[nodiscard]] int wait_ms(bool wait);
    void wake() const;
    void run_posted();

    const Clock& clock_;
    io::Descriptor epoll_;
    io::Descriptor wake_;
    TimerQueue timers_;
    std::unordered_map<int, std::shared_ptr<Watched>> watched_;
    std::uint64_t generations_ = 0;
    std::mutex mutex_;
    std::vector<Task> posted_;  // guarded by mutex_
    std::vector<Task> running_;
    std::atomic<bool> stopped_{false};
    std::atomic<bool> sleeping_{false};
};

}  // namespace kseg::broker
