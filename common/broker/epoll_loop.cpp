// SPDX-License-Identifier: Apache-2.0
#include "broker/epoll_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace kseg::broker {
namespace {

// Of one turn: so that timers and posted tasks come between however many descriptors are ready.
constexpr int kMostEvents = 64;
constexpr TimestampMs kLongestWaitMs = 60'000;

std::uint32_t events_of(Readiness interest) {
    // Without an interest a peer that is gone is still told, by EPOLLHUP and EPOLLERR.
    return (interest.readable ? std::uint32_t{EPOLLIN} : 0U) | (interest.writable ? std::uint32_t{EPOLLOUT} : 0U);
}

Readiness readiness_of(std::uint32_t events) {
    return {.readable = (events & EPOLLIN) != 0,
            .writable = (events & EPOLLOUT) != 0,
            .broken = (events & (EPOLLERR | EPOLLHUP)) != 0};
}

}  // namespace

Result<std::unique_ptr<EpollLoop>> EpollLoop::create(const Clock& steady) {
    std::unique_ptr<EpollLoop> loop(new EpollLoop(steady));  // NOLINT(*-owning-memory): private
    loop->epoll_ = io::Descriptor(epoll_create1(EPOLL_CLOEXEC));
    loop->wake_ = io::Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!loop->epoll_.valid() || !loop->wake_.valid()) {
        return io_error("event loop", errno);
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = loop->wake_.get();
    if (epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, loop->wake_.get(), &event) != 0) {
        return io_error("event loop", errno);
    }
    return loop;
}

EpollLoop::~EpollLoop() = default;

void EpollLoop::post(Task task) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    // Whoever goes to sleep says so before it looks for tasks a last time, so that one of the two sees the other.
    if (sleeping_.load()) {
        wake();
    }
}

void EpollLoop::wake() const {
    const std::uint64_t one = 1;
    // It can only fail where it is set already.
    (void)!::write(wake_.get(), &one, sizeof one);
}

void EpollLoop::stop() {
    stopped_.store(true);
    wake();
}

Result<void> EpollLoop::watch(int fd, Readiness interest, OnReady on_ready) {
    epoll_event event{};
    event.events = events_of(interest);
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return io_error("watch", errno);
    }
    watched_[fd] = std::make_shared<Watched>(
        Watched{.generation = ++generations_, .interest = interest, .on_ready = std::move(on_ready)});
    return {};
}

void EpollLoop::change(int fd, Readiness interest) {
    const auto found = watched_.find(fd);
    if (found == watched_.end() || found->second->interest == interest) {
        return;
    }
    found->second->interest = interest;
    epoll_event event{};
    event.events = events_of(interest);
    event.data.fd = fd;
    (void)epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EpollLoop::forget(int fd) {
    if (watched_.erase(fd) != 0) {
        (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    }
}

int EpollLoop::wait_ms(bool wait) {
    if (!wait) {
        return 0;
    }
    {
        const std::lock_guard lock(mutex_);
        if (!posted_.empty()) {
            return 0;
        }
    }
    const auto next = timers_.next();
    return next ? static_cast<int>(std::clamp<TimestampMs>(*next - now(), 0, kLongestWaitMs)) : -1;
}

void EpollLoop::run_once(bool wait) {
    std::array<epoll_event, kMostEvents> events{};
    sleeping_.store(true);
    const int got = epoll_wait(epoll_.get(), events.data(), kMostEvents, wait_ms(wait));
    sleeping_.store(false);
    // A descriptor that is closed in this turn may have its number given to another: its events are not that one's.
    const std::uint64_t newest = generations_;
    for (int i = 0; i < got; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == wake_.get()) {
            std::uint64_t count = 0;
            (void)!::read(wake_.get(), &count, sizeof count);
            continue;
        }
        const auto found = watched_.find(event.data.fd);
        if (found != watched_.end() && found->second->generation <= newest) {
            // Held, since the call may forget it.
            const std::shared_ptr<Watched> watched = found->second;
            watched->on_ready(readiness_of(event.events));
        }
    }
    timers_.run_due(now());
    run_posted();
}

void EpollLoop::run_posted() {
    {
        const std::lock_guard lock(mutex_);
        running_.swap(posted_);
    }
    for (const Task& task : running_) {
        task();
    }
    running_.clear();
}

void EpollLoop::run() {
    while (!stopped_.load()) {
        run_once(true);
    }
}

}  // namespace kseg::broker
