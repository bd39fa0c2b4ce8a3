// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace kseg::tools {
namespace {

constexpr std::uint64_t kWarningsPerFile = 100;
constexpr std::string_view kRed = "\033[1;31m";
constexpr std::string_view kYellow = "\033[1;33m";
constexpr std::string_view kPlain = "\033[0m";

}  // namespace

bool use_color(When when, int fd) {
    if (when != When::automatic) {
        return when == When::always;
    }
    const char* const no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): nothing sets it
    return (no_color == nullptr || *no_color == '\0') && ::isatty(fd) == 1;
}

Report::Report(const Globals& globals) : globals_(globals), colored_(use_color(globals.color, STDERR_FILENO)) {}

void Report::line(std::string_view color, std::string_view kind, std::string_view text) const {
    const std::string all =
        colored_ ? fmt::format("{}{}:{} {}\n", color, kind, kPlain, text) : fmt::format("{}: {}\n", kind, text);
    std::fwrite(all.data(), 1, all.size(), stderr);
}

void Report::error(const Error& error) {
    failed_ = true;
    line(kRed, "error", error.message());
}

/// Counts one line about the file that is read, and says whether it is among those that are printed.
bool Report::count_line() {
    damaged_ = true;
    return ++warnings_in_file_ <= kWarningsPerFile || globals_.verbose;
}

void Report::lost(const Error& error) {
    if (count_line()) {
        line(kRed, "error", error.message());
    }
}

void Report::warn(std::string_view file, std::string_view text) {
    if (count_line() && !globals_.quiet) {
        line(kYellow, "warning", fmt::format("{}: {}", file, text));
    }
}

void Report::damage(std::string_view file, std::uint64_t at, std::string_view what) {
    warn(file, fmt::format("offset {}: {}", at, what));
}

void Report::damage(std::string_view file, std::string_view what) {
    warn(file, what);
}

void Report::detail(std::string_view text) const {
    if (globals_.verbose) {
        line({}, "kseg", text);
    }
}

void Report::end_file(std::string_view file) {
    if (!globals_.quiet && !globals_.verbose && warnings_in_file_ > kWarningsPerFile) {
        line(kYellow, "warning",
             fmt::format("{}: {} more warnings; --verbose prints them", file, warnings_in_file_ - kWarningsPerFile));
    }
    warnings_in_file_ = 0;
}

Exit Report::status() const {
    return failed_ ? Exit::failed : (damaged_ ? Exit::damaged : Exit::done);
}

}  // namespace kseg::tools
