// SPDX-License-Identifier: Apache-2.0
#include "archive/member_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "base/text.hpp"

namespace kseg::archive {
namespace {

constexpr std::size_t kMaxPartBytes = 255;  // of a file's name on the usual file systems
constexpr std::size_t kPrintedBytes = 200;

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::optional<std::string> problem_of_part(std::string_view part) {
    if (part.empty()) {
        return "has an empty part, or begins or ends with a slash";
    }
    if (part == "." || part == "..") {
        return fmt::format("has a part \"{}\"", part);
    }
    if (part.size() > kMaxPartBytes) {
        return fmt::format("has a part of more than {} bytes", kMaxPartBytes);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> problem_of_name(std::string_view name) {
    if (name.empty()) {
        return "is empty";
    }
    if (name.size() > kMaxNameBytes) {
        return fmt::format("has more than {} bytes", kMaxNameBytes);
    }
    if (std::any_of(name.begin(), name.end(), is_control)) {
        return "has a control character";
    }
    if (name.find('\\') != std::string_view::npos) {
        return "has a backslash";
    }
    if (!is_utf8(as_bytes(name))) {
        return "is not UTF-8";
    }
    for (std::size_t begin = 0;;) {
        const std::size_t slash = name.find('/', begin);
        if (auto problem = problem_of_part(name.substr(begin, slash - begin))) {
            return problem;
        }
        if (slash == std::string_view::npos) {
            return std::nullopt;
        }
        begin = slash + 1;
    }
}

std::string printable(std::string_view name) {
    std::string text(name.substr(0, kPrintedBytes));
    const bool is_text = is_utf8(as_bytes(text));
    for (char& c : text) {
        if (is_control(c) || (!is_text && static_cast<unsigned char>(c) >= 0x80)) {
            c = '?';
        }
    }
    return name.size() > kPrintedBytes ? text + "..." : text;
}

}  // namespace kseg::archive
