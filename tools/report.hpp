// SPDX-License-Identifier: Apache-2.0
// Errors, warnings and the exit status that follows from them. Everything goes to stderr, one line each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "command.hpp"

namespace kseg::tools {

class Report {
  public:
    explicit Report(const Globals& globals);

    /// Prints "error: FILE: offset N: what" and makes the exit status 1.
    void error(const Error& error);

    /// Prints "warning: FILE: offset N: what" unless quiet, and makes the exit status 3. Of each file only the first
    /// warnings are printed, and then how many more there were, unless verbose.
    void damage(std::string_view file, std::uint64_t at, std::string_view what);

    /// A warning without a place, e.g. about a whole file.
    void damage(std::string_view file, std::string_view what);

    /// Prints an error of which more may be read than it says: the exit status is 3. Counts as a warning of its file.
    void lost(const Error& error);

    /// Makes the exit status 1 without a word, after lost(), where nothing could be read after all.
    void fail() { failed_ = true; }

    /// Makes the exit status 3 without a word, where the output itself says what is wrong.
    void note_damage() { damaged_ = true; }

    /// Prints only with --verbose.
    void detail(std::string_view text) const;

    /// Call between files: says how many warnings were not printed.
    void end_file(std::string_view file);

    [[nodiscard]] Exit status() const;

  private:
    void line(std::string_view color, std::string_view kind, std::string_view text) const;
    void warn(std::string_view file, std::string_view text);
    bool count_line();

    Globals globals_;
    bool colored_ = false;
    bool failed_ = false;
    bool damaged_ = false;
    std::uint64_t warnings_in_file_ = 0;
};

/// Whether output to this descriptor is coloured.
bool use_color(When when, int fd);

}  // namespace kseg::tools
