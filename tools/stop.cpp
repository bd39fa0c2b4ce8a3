// SPDX-License-Identifier: Apache-2.0
#include "stop.hpp"

#include <atomic>
#include <csignal>

namespace kseg::tools {
namespace {

std::atomic<bool> asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

extern "C" void on_signal(int /*number*/) {
    asked.store(true);
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

bool stop_asked() {
    return asked.load(std::memory_order_relaxed);
}

}  // namespace kseg::tools
