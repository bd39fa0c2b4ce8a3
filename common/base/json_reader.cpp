// SPDX-License-Identifier: Apache-2.0
#include "base/json_reader.hpp"

#include <charconv>

#include "base/text.hpp"

namespace kseg {
namespace {

constexpr int kMostDepth = 64;

void append_utf8(ByteBuffer& out, std::uint32_t point) {
    const auto put = [&out](std::uint32_t b) { out.push_back(static_cast<std::byte>(b)); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xc0 | (point >> 6));
        put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        put(0xe0 | (point >> 12));
        put(0x80 | ((point >> 6) & 0x3f));
        put(0x80 | (point & 0x3f));
    } else {
        put(0xf0 | (point >> 18));
        put(0x80 | ((point >> 12) & 0x3f));
        put(0x80 | ((point >> 6) & 0x3f));
        put(0x80 | (point & 0x3f));
    }
}

}  // namespace

void JsonReader::skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
        ++at_;
    }
}

bool JsonReader::next_is(char c) {
    skip_space();
    return ok_ && at_ < text_.size() && text_[at_] == c;
}

void JsonReader::expect(char c) {
    if (next_is(c)) {
        ++at_;
    } else {
        fail();
    }
}

void JsonReader::expect_end() {
    skip_space();
    if (at_ != text_.size()) {
        fail();
    }
}

bool JsonReader::take_null() {
    skip_space();
    if (!ok_ || !text_.substr(at_).starts_with("null")) {
        return false;
    }
    at_ += 4;
    return true;
}

bool JsonReader::boolean() {
    skip_space();
    for (const bool value : {true, false}) {
        const std::string_view word = value ? "true" : "false";
        if (ok_ && text_.substr(at_).starts_with(word)) {
            at_ += word.size();
            return value;
        }
    }
    fail();
    return false;
}

std::int64_t JsonReader::integer() {
    skip_space();
    std::int64_t value = 0;
    const char* const end = text_.data() + text_.size();
    const auto [after, error] = std::from_chars(text_.data() + at_, end, value);
    if (!ok_ || error != std::errc{} || (after != end && (*after == '.' || *after == 'e' || *after == 'E'))) {
        fail();
        return 0;
    }
    at_ = static_cast<std::size_t>(after - text_.data());
    return value;
}

std::optional<std::uint32_t> JsonReader::hex4() {
    std::uint32_t value = 0;
    if (text_.size() - at_ < 4) {
        return std::nullopt;
    }
    const char* const begin = text_.data() + at_;
    const auto [after, error] = std::from_chars(begin, begin + 4, value, 16);
    if (error != std::errc{} || after != begin + 4) {
        return std::nullopt;
    }
    at_ += 4;
    return value;
}

void JsonReader::escape(ByteBuffer& out) {
    if (at_ == text_.size()) {
        fail();
        return;
    }
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = text_[at_++];
    if (const auto found = kLetters.find(letter); found != std::string_view::npos) {
        out.push_back(kMeanings[found]);
        return;
    }
    auto point = letter == 'u' ? hex4() : std::nullopt;
    const bool high = point && *point >= 0xd800 && *point < 0xdc00;
    const bool low = point && *point >= 0xdc00 && *point < 0xe000;
    if (high && text_.substr(at_).starts_with("\\u")) {
        at_ += 2;
        const auto second = hex4();
        if (second && *second >= 0xdc00 && *second < 0xe000) {
            append_utf8(out, 0x10000 + ((*point - 0xd800) << 10) + (*second - 0xdc00));
            return;
        }
        point = std::nullopt;
    }
    if (!point || high || low) {
        fail();
        return;
    }
    append_utf8(out, *point);
}

void JsonReader::string(ByteBuffer& out) {
    out.clear();
    expect('"');
    while (ok_) {
        const std::size_t stop = text_.find_first_of("\"\\", at_);
        if (stop == std::string_view::npos) {
            fail();
            return;
        }
        const std::string_view plain = text_.substr(at_, stop - at_);
        for (const char c : plain) {
            if (static_cast<unsigned char>(c) < 0x20) {
                fail();
                return;
            }
        }
        out.append(plain);
        at_ = stop + 1;
        if (text_[stop] == '"') {
            if (!is_utf8(out.bytes())) {
                fail();
            }
            return;
        }
        escape(out);
    }
}

void JsonReader::skip() {
    skip_nested(0);
}

// Nested as deep as the text is, but no deeper than kMostDepth.
// NOLINTBEGIN(misc-no-recursion)
void JsonReader::skip_nested(int depth) {
    skip_space();
    if (!ok_ || at_ == text_.size() || depth > kMostDepth) {
        fail();
        return;
    }
    ByteBuffer ignored;
    switch (text_[at_]) {
        case '{': object([&](std::string_view) { skip_nested(depth + 1); }); return;
        case '[': array([&] { skip_nested(depth + 1); }); return;
        case '"': string(ignored); return;
        case 't':
        case 'f': boolean(); return;
        case 'n':
            if (!take_null()) {
                fail();
            }
            return;
        default: {
            double number = 0;
            const auto [after, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
            if (error == std::errc::invalid_argument) {
                fail();
                return;
            }
            at_ = static_cast<std::size_t>(after - text_.data());
        }
    }
}
// NOLINTEND(misc-no-recursion)

}  // namespace kseg
