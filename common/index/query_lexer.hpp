// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: the tokens of a query. The language: man/kseg-query.1, QUERY.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace kseg::index {

/// A piece of a query as it was written, backslashes and all. Borrows from the query.
struct QueryText {
    std::size_t at = 0;  ///< in the query; of what is in the quotes
    std::string_view raw;
    bool quoted = false;

    /// With backslashes taken away.
    [[nodiscard]] std::string plain() const;
    /// For a WordReader with wildcards: backslashes are left where they make an ordinary character of a wildcard.
    [[nodiscard]] std::string pattern() const;
    [[nodiscard]] bool has_wildcards() const;
    /// `*` by itself.
    [[nodiscard]] bool is_star() const { return !quoted && raw == "*"; }
    /// As messages show it.
    [[nodiscard]] std::string shown() const;
};

struct QueryToken {
    enum class Kind : std::uint8_t { end, open, close, all_of, any_of, negate, demand, field, text, range };
    Kind kind = Kind::end;
    QueryText text{};  ///< as written; of a field its name, of a range the lower bound
    QueryText high{};  ///< of a range, the upper bound
    bool with_low = true;
    bool with_high = true;
};

/// How far the next character is: a backslash takes one with it.
constexpr std::size_t piece_bytes(char c) {
    return c == '\\' ? 2 : 1;
}

Error query_error(std::size_t at, std::string what);

class QueryLexer {
  public:
    /// Borrows the query.
    explicit QueryLexer(std::string_view query) : query_(query) {}

    /// The next token; a boost behind a clause or a parenthesis is passed over.
    /// errors   invalid
    Result<QueryToken> next();

  private:
    [[nodiscard]] bool next_is(std::string_view text) const { return query_.substr(at_).starts_with(text); }
    void skip_space();
    QueryText take_text(std::string_view ends);
    Result<QueryText> take_quoted();
    Result<QueryToken> take_word();
    Result<QueryToken> take_range();
    Result<QueryText> take_bound(std::size_t range_at);
    std::optional<QueryToken> take_sign();
    Result<void> take_suffix();

    std::string_view query_;
    std::size_t at_ = 0;
};

}  // namespace kseg::index
