// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <fmt/format.h>

#include <system_error>

namespace kseg {

std::string_view to_string(Errc code) {
    switch (code) {
        case Errc::io: return "io";
        case Errc::truncated: return "truncated";
        case Errc::corrupt: return "corrupt";
        case Errc::unsupported: return "unsupported";
        case Errc::too_large: return "too_large";
        case Errc::invalid: return "invalid";
        case Errc::exists: return "exists";
        case Errc::cancelled: return "cancelled";
    }
    return "unknown";
}

std::string Error::message() const {
    std::string text;
    if (!file.empty()) {
        text += file + ": ";
    }
    if (at) {
        text += fmt::format("offset {}: ", *at);
    }
    return text + what;
}

Error Error::in_file(std::string_view name) const {
    Error named = *this;
    if (named.file.empty()) {
        named.file = name;
    }
    return named;
}

Error io_error(std::string_view what, int number) {
    const std::string reason = std::generic_category().message(number);
    return {.code = Errc::io, .what = what.empty() ? reason : fmt::format("{}: {}", what, reason)};
}

}  // namespace kseg
