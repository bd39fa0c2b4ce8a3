// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: a quick look for ASCII letters in bytes that have not been read for words yet, so that most
// records that a query is not true of never are.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "index/query.hpp"

namespace kseg::index {

/// Bytes of which a quick look has to find some letters if a clause is true. An empty one tells nothing.
struct Needle {
    std::string text{};  ///< ASCII in lower case
};

/// The longest needle that the words of a clause have. Where a path is looked into, a number may be written in other
/// digits than the clause's, so that digits alone are none.
Needle needle_of_words(const WordsClause& clause);
/// The longest one of a name of a path.
Needle needle_of_path(std::string_view name);

/// Whether bytes show the ASCII letters of their words as they are, in either case: no characters that fold to ASCII, and
/// no \u. Otherwise needles tell nothing of them.
bool shows_ascii(std::string_view text);

/// Whether a needle's letters stand in a text, in either case.
bool has_needle(std::string_view text, const Needle& needle);

}  // namespace kseg::index
