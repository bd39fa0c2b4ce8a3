// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "objects/object_store.hpp"

namespace kseg::objects {
namespace {

/// A name in a message: what is not printable must not reach a terminal.
std::string shown(std::string_view name) {
    ByteBuffer text;
    append_json_string_lossy(text, as_bytes(name.substr(0, kMostNameBytes)));
    return std::string(text.text());
}

Error refused(std::string_view name, std::string_view why) {
    return {.code = Errc::invalid, .what = fmt::format("object name {}: {}", shown(name), why)};
}

Result<void> check_characters(std::string_view name) {
    if (name.size() > kMostNameBytes) {
        return refused(name, fmt::format("{} bytes; at most {}", name.size(), kMostNameBytes));
    }
    if (!is_utf8(as_bytes(name))) {
        return refused(name, "not UTF-8");
    }
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return std::ranges::any_of(name, is_control) ? refused(name, "has a control character") : Result<void>();
}

Result<void> check_part(std::string_view name, std::string_view part) {
    if (part.empty()) {
        return refused(name, "has an empty part, or begins or ends with '/'");
    }
    if (part == "." || part == "..") {
        return refused(name, fmt::format("has the part '{}'", part));
    }
    if (part.size() > kMostPartBytes) {
        return refused(name, fmt::format("has a part of {} bytes; at most {}", part.size(), kMostPartBytes));
    }
    return part.starts_with(kTemporaryPrefix) ? refused(name, "is kept for what is being put") : Result<void>();
}

/// Checks the parts that end with '/', and leaves `name` at what comes behind the last one.
Result<void> check_leading_parts(std::string_view whole, std::string_view& name) {
    for (std::size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/')) {
        if (auto checked = check_part(whole, name.substr(0, slash)); !checked) {
            return checked;
        }
        name.remove_prefix(slash + 1);
    }
    return {};
}

}  // namespace

Result<void> check_name(std::string_view name) {
    if (auto checked = check_characters(name); !checked) {
        return checked;
    }
    std::string_view rest = name;
    if (auto checked = check_leading_parts(name, rest); !checked) {
        return checked;
    }
    return check_part(name, rest);
}

Result<void> check_prefix(std::string_view prefix) {
    if (auto checked = check_characters(prefix); !checked) {
        return checked;
    }
    return check_leading_parts(prefix, prefix);
}

}  // namespace kseg::objects
