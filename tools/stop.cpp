// SPDX-License-Identifier: Apache-2.0
#include "stop.hpp"

#include <errno.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>

namespace kseg::tools {
namespace {

std::atomic<bool> asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

std::atomic<int> to_wake{-1};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler reads it");

extern "C" void on_signal(int /*number*/) {
    asked.store(true);
    if (const int descriptor = to_wake.load(); descriptor >= 0) {
        const int kept = errno;
        const std::uint64_t one = 1;
        (void)!::write(descriptor, &one, sizeof one);
        errno = kept;
    }
}

}  // namespace

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    // Once only, and without SA_RESTART, so that a read that waits comes back.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

void wake_on_stop(int descriptor) {
    to_wake.store(descriptor);
}

bool stop_asked() {
    return asked.load(std::memory_order_relaxed);
}

}  // namespace kseg::tools
