// SPDX-License-Identifier: Apache-2.0
// What can go wrong, as data: a code to decide by, a place and a text to report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kseg {

enum class Errc : std::uint8_t {
    io,           ///< the operating system refused
    truncated,    ///< the input ends before the item does
    corrupt,      ///< the bytes break their format
    unsupported,  ///< a version, magic or codec that we do not know
    too_large,    ///< over a limit that an option sets
    invalid,      ///< a value that the caller gave cannot be used
    exists,       ///< would replace something that is there
    cancelled,    ///< the user asked to stop
};

/// Name of a code, as written in the enum.
std::string_view to_string(Errc code);

/// One error. `file` is the name as the user typed it, or empty where the callee does not know it; `at` is the file offset.
struct Error {
    Errc code = Errc::invalid;
    std::string what;
    std::string file{};
    std::optional<std::uint64_t> at{};

    /// "FILE: offset N: what", leaving out what is not known.
    [[nodiscard]] std::string message() const;

    /// The same error with the file named, unless it already names one.
    [[nodiscard]] Error in_file(std::string_view name) const;
};

/// An Errc::io error from errno: "what: strerror(number)".
Error io_error(std::string_view what, int number);

}  // namespace kseg
