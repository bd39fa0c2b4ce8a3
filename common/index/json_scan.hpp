// SPDX-License-Identifier: Apache-2.0
// One pass over a JSON text (RFC 8259) that tells a handler what it meets, without recursion and without a copy. Bytes that
// break UTF-8 may stand in strings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kseg::index {

/// Objects and arrays within each other.
inline constexpr std::size_t kMostJsonDepth = 64;

/// A string as it stands in the text, without its quotes.
struct RawString {
    std::string_view inside;
    bool escapes = false;
};

/// How many bytes at the begin of `text` are a JSON number, 0 for none.
std::size_t json_number_size(std::string_view text);

/// Appends a valid string's inside with its escapes resolved; half a surrogate pair becomes U+FFFD.
void append_resolved(std::string& out, std::string_view inside);

/// Passes over a string whose first quote is at text[at - 1]; leaves `at` behind the last one. False if it is none.
bool pass_json_string(std::string_view text, std::size_t& at, RawString& out);

/// Handler: enter(), leave() at objects and arrays; name(RawString); string(RawString); number(text); literal(text).
template <typename Handler>
class JsonScan {
  public:
    JsonScan(std::string_view text, Handler& handler) : text_(text), handler_(handler) {}

    /// Whether the text is one JSON object, array or, with `strings`, string. The handler has been told of what comes
    /// before the first error.
    bool run(bool strings) {
        skip_space();
        if (at_ == text_.size() || !(text_[at_] == '{' || text_[at_] == '[' || (strings && text_[at_] == '"'))) {
            return false;
        }
        do {
            if (!value() || !after_value()) {
                return false;
            }
        } while (depth_ > 0);
        skip_space();
        return at_ == text_.size();
    }

  private:
    void skip_space() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
            ++at_;
        }
    }

    /// Takes a character behind white space.
    bool take(char c) {
        skip_space();
        if (at_ == text_.size() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }

    /// Takes objects and arrays that open, and the first value that is none or an empty one.
    bool value() {
        for (;;) {
            skip_space();
            if (at_ == text_.size()) {
                return false;
            }
            const char c = text_[at_];
            if (c != '{' && c != '[') {
                return scalar(c);
            }
            if (depth_ == kMostJsonDepth) {
                return false;
            }
            ++at_;
            is_object_[depth_++] = c == '{';
            handler_.enter();
            skip_space();
            if (at_ < text_.size() && text_[at_] == (c == '{' ? '}' : ']')) {
                return true;
            }
            if (c == '{' && !member_name()) {
                return false;
            }
        }
    }

    bool member_name() {
        RawString name;
        if (!take('"') || !pass_json_string(text_, at_, name) || !take(':')) {
            return false;
        }
        handler_.name(name);
        return true;
    }

    bool scalar(char first) {
        if (first == '"') {
            RawString string;
            ++at_;
            if (!pass_json_string(text_, at_, string)) {
                return false;
            }
            handler_.string(string);
            return true;
        }
        const std::string_view left = text_.substr(at_);
        if (first == 't' || first == 'f' || first == 'n') {
            const std::string_view word = first == 't' ? "true" : (first == 'f' ? "false" : "null");
            if (!left.starts_with(word)) {
                return false;
            }
            at_ += word.size();
            handler_.literal(left.substr(0, word.size()));
            return true;
        }
        const std::size_t size = json_number_size(left);
        at_ += size;
        if (size != 0) {
            handler_.number(left.substr(0, size));
        }
        return size != 0;
    }

    /// Closes what ends here; what is left open has another value next.
    bool after_value() {
        while (depth_ > 0) {
            skip_space();
            if (at_ == text_.size()) {
                return false;
            }
            const char c = text_[at_++];
            if (c == ',') {
                return !is_object_[depth_ - 1] || member_name();
            }
            if (c != (is_object_[depth_ - 1] ? '}' : ']')) {
                return false;
            }
            --depth_;
            handler_.leave();
        }
        return true;
    }

    std::string_view text_;
    Handler& handler_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::array<bool, kMostJsonDepth> is_object_{};
};

}  // namespace kseg::index
