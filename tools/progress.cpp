// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>

namespace kseg::tools {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr auto kQuietStart = std::chrono::milliseconds(500);

std::string size_text(double bytes) {
    constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) {
        bytes /= 1024;
    }
    return fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

}  // namespace

Progress::Progress(const Globals& globals)
    : shown_(globals.progress == When::always || (globals.progress == When::automatic && !globals.quiet &&
                                                  ::isatty(STDERR_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 0)),
      asked_for_(globals.progress == When::always),
      started_(Clock::now()),
      last_(started_ - kInterval) {}

Progress::~Progress() {
    clear();
}

void Progress::show(std::uint64_t done) {
    if (!shown_) {
        return;
    }
    const auto now = Clock::now();
    if (now - last_ < kInterval || (!asked_for_ && now - started_ < kQuietStart)) {
        return;
    }
    last_ = now;
    const double seconds = std::chrono::duration<double>(now - started_).count();
    const double rate = static_cast<double>(done) / seconds;
    std::string text = fmt::format("\r{}, {}/s", size_text(static_cast<double>(done)), size_text(rate));
    if (total_ > done && rate > 0) {
        const auto left = static_cast<std::uint64_t>(std::lround(static_cast<double>(total_ - done) / rate));
        text += fmt::format(", {}%, {}:{:02} left", done * 100 / total_, left / 60, left % 60);
    }
    text += "\033[K";
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
    on_line_ = true;
}

void Progress::clear() {
    if (on_line_) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
        on_line_ = false;
    }
}

}  // namespace kseg::tools
