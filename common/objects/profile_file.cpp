// SPDX-License-Identifier: Apache-2.0
#include "objects/profile_file.hpp"

#include <algorithm>

namespace kseg::objects {
namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t from = text.find_first_not_of(kSpace);
    return from == std::string_view::npos ? std::string_view()
                                          : text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

/// A comment is a line of its own, or stands behind a space.
std::string_view without_comment(std::string_view value) {
    for (const std::string_view mark : {" #", " ;", "\t#", "\t;"}) {
        value = value.substr(0, value.find(mark));
    }
    return value;
}

}  // namespace

Profiles parse_profiles(std::string_view text) {
    Profiles profiles;
    auto section = profiles.end();
    std::string outer;  // the last name that was not indented
    if (text.starts_with("\xef\xbb\xbf")) {
        text.remove_prefix(3);
    }
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::string_view content = trimmed(line);
        if (content.empty() || content.front() == '#' || content.front() == ';') {
            continue;
        }
        if (content.front() == '[') {
            const std::size_t close = content.find(']');
            section = close == std::string_view::npos
                          ? profiles.end()
                          : profiles.try_emplace(std::string(trimmed(content.substr(1, close - 1)))).first;
            outer.clear();
            continue;
        }
        const std::size_t equals = content.find('=');
        if (section == profiles.end() || equals == std::string_view::npos) {
            continue;
        }
        const bool indented = kSpace.find(line.front()) != std::string_view::npos;
        std::string name = lower(trimmed(content.substr(0, equals)));
        if (indented && !outer.empty()) {
            name.insert(0, outer + ".");
        } else {
            outer = name;
        }
        section->second[name] = trimmed(without_comment(content.substr(equals + 1)));
    }
    return profiles;
}

}  // namespace kseg::objects
