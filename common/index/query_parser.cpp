// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "index/query.hpp"
#include "index/query_clause.hpp"
#include "index/query_lexer.hpp"

namespace kseg::index {

/// Puts operators behind their operands. What is open is on a list of levels, one for each parenthesis, so that nesting
/// costs no stack.
class QueryParser {
  public:
    QueryParser(std::string_view text, TimestampMs now) : text_(text), lexer_(text), now_(now) {}

    Result<Query> parse() {
        if (text_.size() > Query::kMaxBytes) {
            return query_error(Query::kMaxBytes,
                               fmt::format("query; expected at most {} bytes, got {}", Query::kMaxBytes, text_.size()));
        }
        levels_.push_back({});
        while (true) {
            const auto token = lexer_.next();
            if (!token) {
                return token.error();
            }
            if (const auto taken = take(*token); !taken) {
                return taken.error();
            }
            if (token->kind == QueryToken::Kind::end) {
                return std::move(query_);
            }
        }
    }

  private:
    using Kind = QueryToken::Kind;

    struct Level {
        std::optional<QueryField> field{};  // what its parenthesis stands behind, or that of the level around
        bool negated = false;
        bool after_or = false;   // there is an alternative already
        bool after_and = false;  // the alternative that is being read has an operand already
        std::size_t at = 0;      // of the parenthesis
    };

    Result<void> take(const QueryToken& token) {
        switch (token.kind) {
            case Kind::end: return end(token);
            case Kind::open: return open(token);
            case Kind::close: return close(token);
            case Kind::all_of:
            case Kind::any_of: return join(token);
            case Kind::negate:
            case Kind::demand: return sign(token);
            case Kind::field: return field(token);
            case Kind::text:
            case Kind::range: return clause(token);
        }
        return {};
    }

    /// A clause is missing where `token` is.
    [[nodiscard]] Error missing(const QueryToken& token) const {
        const bool end = token.kind == Kind::end;
        if (field_ && token.kind == Kind::field) {
            return query_error(token.text.at + token.text.raw.size(),
                               "a second ':' in a clause; quote the text or escape the ':'");
        }
        return query_error(token.text.at, fmt::format("expected a clause{}, got {}", field_ ? " behind the field" : "",
                                                      end ? "the end" : token.text.shown() + "; escape or quote it"));
    }

    Result<void> sign(const QueryToken& token) {
        if (field_) {
            return missing(token);
        }
        negated_ = negated_ != (token.kind == Kind::negate);
        wanted_ = true;
        return {};
    }

    Result<void> field(const QueryToken& token) {
        if (field_) {
            return missing(token);
        }
        auto parsed = parse_field(token.text);
        if (!parsed) {
            return parsed.error();
        }
        field_ = std::move(*parsed);
        wanted_ = true;
        return {};
    }

    Result<void> join(const QueryToken& token) {
        if (wanted_) {
            return missing(token);
        }
        wanted_ = true;
        if (token.kind == Kind::any_of) {
            end_alternative();
        }
        return {};
    }

    Result<void> open(const QueryToken& token) {
        if (levels_.size() > Query::kMaxDepth) {
            return query_error(token.text.at, fmt::format("parentheses; expected at most {} levels", Query::kMaxDepth));
        }
        if (field_ && std::holds_alternative<AnyField>(*field_)) {
            return query_error(token.text.at, "field '*'; expected '*:*', or the name of a field");
        }
        levels_.push_back(
            {.field = field_ ? std::move(field_) : levels_.back().field, .negated = negated_, .at = token.text.at});
        field_.reset();
        negated_ = false;
        wanted_ = true;
        return {};
    }

    Result<void> close(const QueryToken& token) {
        if (levels_.size() == 1) {
            return query_error(token.text.at, "')' without '('; escape or quote it");
        }
        if (wanted_) {
            return missing(token);
        }
        end_alternative();
        negated_ = levels_.back().negated;
        levels_.pop_back();
        operand();
        return {};
    }

    Result<void> end(const QueryToken& token) {
        if (levels_.size() > 1 && !field_) {
            return query_error(levels_.back().at, "'(' without ')'; escape or quote it");
        }
        if (wanted_) {
            return missing(token);
        }
        end_alternative();
        return {};
    }

    Result<void> clause(const QueryToken& token) {
        if (++clauses_ > Query::kMaxClauses) {
            return query_error(token.text.at, fmt::format("query; expected at most {} clauses", Query::kMaxClauses));
        }
        const QueryField value = TextField{.kind = TextField::Kind::value};
        const auto& around = levels_.back().field;
        const bool bare_star = !field_ && !around && token.kind == Kind::text && token.text.is_star();
        auto parsed = bare_star ? Result<QueryStep::Clause>(EverythingClause{})
                                : parse_clause(field_ ? *field_ : around.value_or(value), token, now_);
        if (!parsed) {
            return parsed.error();
        }
        query_.steps_.emplace_back().clause = std::move(*parsed);
        field_.reset();
        operand();
        return {};
    }

    /// The operand that was being read is complete.
    void operand() {
        if (negated_) {
            operation(QueryStep::Kind::negate);
        }
        Level& level = levels_.back();
        if (level.after_and) {
            operation(QueryStep::Kind::all_of);
        }
        level.after_and = true;
        negated_ = false;
        wanted_ = false;
    }

    /// Of OR: what it joins.
    void end_alternative() {
        Level& level = levels_.back();
        if (level.after_or) {
            operation(QueryStep::Kind::any_of);
        }
        level.after_or = true;
        level.after_and = false;
    }

    void end_or() { end_alternative(); }

    void operation(QueryStep::Kind kind) { query_.steps_.emplace_back().kind = kind; }

    std::string_view text_;
    QueryLexer lexer_;
    TimestampMs now_;
    Query query_;
    std::vector<Level> levels_;
    // Of the operand that is being read:
    std::optional<QueryField> field_{};
    bool negated_ = false;
    bool wanted_ = true;  // it has to come
    std::size_t clauses_ = 0;
};

Result<Query> Query::parse(std::string_view text, TimestampMs now) {
    return QueryParser(text, now).parse();
}

}  // namespace kseg::index
