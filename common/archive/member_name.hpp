// SPDX-License-Identifier: Apache-2.0
// Which names a member of an archive may have: those that lead to a file below the directory it is extracted to, on any
// system. Rules: man/kseg-archive.5, MEMBER NAMES.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kseg::archive {

inline constexpr std::size_t kMaxNameBytes = 4096;

/// What is wrong with a name, as it follows "name" in a message; nothing where it is a good one.
std::optional<std::string> problem_of_name(std::string_view name);

/// A name or another text from an archive for a message: what would disturb a terminal is replaced, and it is cut short.
std::string printable(std::string_view name);

}  // namespace kseg::archive
