// SPDX-License-Identifier: Apache-2.0
#include "index/query_lexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace kseg::index {
namespace {

constexpr std::string_view kSpace = " \t\n\v\f\r";
constexpr std::string_view kEndsOfText = " \t\n\v\f\r()[]{}\":^~";
constexpr std::string_view kEndsOfBound = " \t\n\v\f\r]}";
constexpr std::string_view kEndsOfBoost = " \t\n\v\f\r)";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

Error query_error(std::size_t at, std::string what) {
    return {.code = Errc::invalid, .what = std::move(what), .at = at};
}

std::string QueryText::plain() const {
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] == '\\' && i + 1 < raw.size()) {
            ++i;
        }
        out.push_back(raw[i]);
    }
    return out;
}

std::string QueryText::pattern() const {
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] == '\\' && i + 1 < raw.size()) {
            ++i;
            if (raw[i] == '*' || raw[i] == '?' || raw[i] == '\\') {
                out.push_back('\\');
            }
        }
        out.push_back(raw[i]);
    }
    return out;
}

bool QueryText::has_wildcards() const {
    for (std::size_t i = 0; i < raw.size() && !quoted; i += piece_bytes(raw[i])) {
        if (raw[i] == '*' || raw[i] == '?') {
            return true;
        }
    }
    return false;
}

std::string QueryText::shown() const {
    constexpr std::size_t kMost = 40;
    std::size_t end = std::min(raw.size(), kMost);
    while (end > 0 && end < raw.size() && (static_cast<unsigned char>(raw[end]) & 0xc0U) == 0x80) {
        --end;  // not inside of a character
    }
    std::string out = "'";
    for (const char c : raw.substr(0, end)) {
        out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
    }
    return out + (end < raw.size() ? "...'" : "'");
}

void QueryLexer::skip_space() {
    at_ = std::min(query_.find_first_not_of(kSpace, at_), query_.size());
}

/// Takes text up to one of `ends` that stands without a backslash.
QueryText QueryLexer::take_text(std::string_view ends) {
    const std::size_t begin = at_;
    while (at_ < query_.size() && ends.find(query_[at_]) == std::string_view::npos && !next_is("&&") && !next_is("||")) {
        at_ += piece_bytes(query_[at_]);
    }
    return {.at = begin, .raw = query_.substr(begin, at_ - begin)};
}

/// At a quote.
Result<QueryText> QueryLexer::take_quoted() {
    const std::size_t begin = ++at_;
    while (at_ < query_.size() && query_[at_] != '"') {
        at_ += piece_bytes(query_[at_]);
    }
    if (at_ >= query_.size()) {
        return query_error(begin - 1, "a quote without its end; escape it to look for what it is in");
    }
    return QueryText{.at = begin, .raw = query_.substr(begin, at_++ - begin), .quoted = true};
}

std::optional<QueryToken> QueryLexer::take_sign() {
    using Kind = QueryToken::Kind;
    constexpr std::array<std::pair<std::string_view, Kind>, 7> kSigns{{{"(", Kind::open},
                                                                       {")", Kind::close},
                                                                       {"&&", Kind::all_of},
                                                                       {"||", Kind::any_of},
                                                                       {"!", Kind::negate},
                                                                       {"-", Kind::negate},
                                                                       {"+", Kind::demand}}};
    for (const auto& [sign, kind] : kSigns) {
        if (next_is(sign)) {
            const std::size_t begin = at_;
            at_ += sign.size();
            return QueryToken{.kind = kind, .text = {.at = begin, .raw = sign}};
        }
    }
    return std::nullopt;
}

Result<QueryToken> QueryLexer::next() {
    skip_space();
    if (at_ == query_.size()) {
        return QueryToken{.text = {.at = at_, .raw = {}}};
    }
    Result<QueryToken> token = QueryToken{};
    if (const auto sign = take_sign()) {
        if (sign->kind != QueryToken::Kind::close) {
            return *sign;
        }
        token = *sign;
    } else if (query_[at_] == '"') {
        const auto text = take_quoted();
        token = text ? Result(QueryToken{.kind = QueryToken::Kind::text, .text = *text}) : text.error();
    } else if (query_[at_] == '[' || query_[at_] == '{') {
        token = take_range();
    } else {
        token = take_word();
        if (token && token->kind != QueryToken::Kind::text) {
            return token;
        }
    }
    if (!token) {
        return token;
    }
    const auto suffix = take_suffix();
    return suffix ? token : Result<QueryToken>(suffix.error());
}

/// Text, the name of a field, or an operator that is a word.
Result<QueryToken> QueryLexer::take_word() {
    using Kind = QueryToken::Kind;
    const QueryText text = take_text(kEndsOfText);
    if (at_ > query_.size()) {
        return query_error(query_.size() - 1, "a backslash with nothing behind it");
    }
    if (text.raw.empty()) {
        const char c = query_[at_];
        if (c == '~') {
            return query_error(at_, "'~' (fuzzy, or a phrase's slop) is not supported; escape or quote it");
        }
        return query_error(at_, fmt::format("'{}' where a clause is expected; escape or quote it", c));
    }
    if (next_is(":")) {
        ++at_;
        return QueryToken{.kind = Kind::field, .text = text};
    }
    Kind kind = Kind::text;
    if (text.raw == "AND") {
        kind = Kind::all_of;
    } else if (text.raw == "OR") {
        kind = Kind::any_of;
    } else if (text.raw == "NOT") {
        kind = Kind::negate;
    }
    return QueryToken{.kind = kind, .text = text};
}

Result<QueryText> QueryLexer::take_bound(std::size_t range_at) {
    skip_space();
    if (next_is("\"")) {
        return take_quoted();
    }
    // Signs of the syntax are ordinary here, so that times and negative numbers need no quotes.
    const std::size_t begin = at_;
    while (at_ < query_.size() && kEndsOfBound.find(query_[at_]) == std::string_view::npos) {
        at_ += piece_bytes(query_[at_]);
    }
    if (at_ >= query_.size()) {
        return query_error(range_at, "a range without its end; expected [LOW TO HIGH]; escape or quote a bracket");
    }
    const QueryText text{.at = begin, .raw = query_.substr(begin, at_ - begin)};
    if (text.raw.empty() || text.raw == "TO") {
        return query_error(begin, "a range's bound is missing; expected [LOW TO HIGH]; '*' is an open bound");
    }
    return text;
}

/// At a bracket.
Result<QueryToken> QueryLexer::take_range() {
    const std::size_t begin = at_;
    QueryToken token{.kind = QueryToken::Kind::range, .with_low = query_[at_] == '['};
    ++at_;
    const auto low = take_bound(begin);
    if (!low) {
        return low.error();
    }
    skip_space();
    if (!next_is("TO") || kSpace.find(query_.substr(at_).substr(2, 1)) == std::string_view::npos) {
        return query_error(at_, "no TO in a range; expected [LOW TO HIGH]; escape or quote a bracket");
    }
    at_ += 2;
    const auto high = take_bound(begin);
    if (!high) {
        return high.error();
    }
    skip_space();
    if (!next_is("]") && !next_is("}")) {
        return query_error(std::min(at_, query_.size()), "a range's bound of several words; quote it, or close the range");
    }
    token.with_high = query_[at_++] == ']';
    token.text = *low;
    token.high = *high;
    return token;
}

/// Behind a clause: a boost, which means nothing here.
Result<void> QueryLexer::take_suffix() {
    if (next_is("~")) {
        return query_error(at_, "'~' (fuzzy, or a phrase's slop) is not supported; escape or quote it");
    }
    if (!next_is("^")) {
        return {};
    }
    const std::size_t begin = at_++;
    const auto digits = [this] {
        const std::size_t first = at_;
        while (at_ < query_.size() && is_digit(query_[at_])) {
            ++at_;
        }
        return at_ > first;
    };
    bool good = digits();
    if (good && next_is(".")) {
        ++at_;
        good = digits();
    }
    if (!good || (at_ < query_.size() && kEndsOfBoost.find(query_[at_]) == std::string_view::npos)) {
        return query_error(begin, "'^' without a number; escape or quote it");
    }
    return {};
}

}  // namespace kseg::index
