// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: words with `*`, any characters, and `?`, one character.
#pragma once

#include <string_view>

namespace kseg::index {

/// Whether the whole of a word matches. Both are UTF-8; characters are code points. Time: the word's times the pattern's.
bool wildcard_match(std::string_view pattern, std::string_view word);

/// What every word that matches begins with.
std::string_view literal_prefix(std::string_view pattern);

}  // namespace kseg::index
