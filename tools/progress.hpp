// SPDX-License-Identifier: Apache-2.0
// How far long work is, on a terminal: bytes, rate and time left.
#pragma once

#include <chrono>
#include <cstdint>

#include "command.hpp"

namespace kseg::tools {

class Progress {
  public:
    explicit Progress(const Globals& globals);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Bytes that there are to do in all, as far as they are known.
    void set_total(std::uint64_t bytes) { total_ = bytes; }

    /// Shows `done` bytes, at most ten times a second.
    void show(std::uint64_t done);

    /// Takes the line away.
    void clear();

  private:
    using Clock = std::chrono::steady_clock;
    bool shown_;
    bool asked_for_;
    bool on_line_ = false;
    std::uint64_t total_ = 0;
    Clock::time_point started_;
    Clock::time_point last_;
};

}  // namespace kseg::tools
