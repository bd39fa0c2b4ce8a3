// SPDX-License-Identifier: Apache-2.0
// Text: UTF-8, JSON strings, base64, hex, numbers, times and globs, each against a second, slower opinion.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/json_reader.hpp"
#include "base/text.hpp"
#include "fuzz_support.hpp"
#include "kafka/wire/reader.hpp"

using namespace kseg;

namespace {

/// Length of the UTF-8 sequence that `text` begins with, 0 where it is none: decoded first, judged after.
std::size_t sequence_of(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) {
        return 1;
    }
    std::size_t length = 2;
    std::uint32_t point = lead & 0x1fU;
    std::uint32_t least = 0x80;
    if ((lead & 0xf0U) == 0xe0) {
        length = 3;
        point = lead & 0x0fU;
        least = 0x800;
    } else if ((lead & 0xf8U) == 0xf0) {
        length = 4;
        point = lead & 0x07U;
        least = 0x10000;
    } else if ((lead & 0xe0U) != 0xc0) {
        return 0;
    }
    if (text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if ((c & 0xc0U) != 0x80) {
            return 0;
        }
        point = point << 6 | (c & 0x3fU);
    }
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point >= least && point <= 0x10ffff && !surrogate ? length : 0;
}

/// The JSON string of `text`, with U+FFFD for what breaks UTF-8; `clean` says whether nothing did.
std::string slow_json(std::string_view text, bool& clean) {
    constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    constexpr std::string_view kHex = "0123456789abcdef";
    clean = true;
    std::string out = "\"";
    while (!text.empty()) {
        const std::size_t length = sequence_of(text);
        const auto lead = static_cast<unsigned char>(text[0]);
        if (length == 0) {
            clean = false;
            out += "\xef\xbf\xbd";
        } else if (const std::size_t found = kShort.find(text[0]); found != std::string_view::npos) {
            out += {'\\', kLetters[found]};
        } else if (lead < 0x20) {
            out += {'\\', 'u', '0', '0', kHex[lead >> 4U], kHex[lead & 15U]};
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out + '"';
}

void check_json(std::string_view text) {
    bool clean = false;
    const std::string expected = slow_json(text, clean);
    fuzz::require(is_utf8(as_bytes(text)) == clean);
    ByteBuffer out;
    out.append(std::string_view("before"));
    fuzz::require(append_json_string(out, as_bytes(text)) == clean);
    fuzz::require(out.text() == (clean ? "before" + expected : std::string("before")));
    ByteBuffer lossy;
    append_json_string_lossy(lossy, as_bytes(text));
    fuzz::require(lossy.text() == expected);
    JsonReader reader(lossy.text());
    ByteBuffer back;
    reader.string(back);
    reader.expect_end();
    fuzz::require(reader.ok() && is_utf8(back.bytes()) && (!clean || back.text() == text));
    // As JSON itself: nothing to compare with, but it must not read past the text.
    JsonReader any(text);
    any.skip();
    any.expect_end();
    fuzz::require(any.error_at() <= text.size());
}

void check_codings(std::string_view text) {
    ByteBuffer base64;
    append_base64(base64, as_bytes(text));
    const auto from_base64 = parse_base64(base64.text());
    fuzz::require(from_base64 && from_base64->text() == text);
    ByteBuffer hex;
    append_hex(hex, as_bytes(text));
    const auto from_hex = parse_hex(hex.text());
    fuzz::require(from_hex && from_hex->text() == text);
    // What is taken as base64 must be what would be written.
    if (const auto bytes = parse_base64(text)) {
        ByteBuffer again;
        append_base64(again, bytes->bytes());
        fuzz::require(again.text() == text);
    }
    if (const auto bytes = parse_hex(text)) {
        ByteBuffer again;
        append_hex(again, bytes->bytes());
        fuzz::require(again.size() == text.size());
    }
}

void check_times(std::string_view text, std::int64_t number) {
    ByteBuffer digits;
    append_number(digits, number);
    fuzz::require(digits.text() == std::to_string(number));
    ByteBuffer time;
    append_time(time, number);
    const auto back = parse_time(time.text(), 0);
    fuzz::require(back && *back == number);
    static_cast<void>(parse_time(text, number));
    static_cast<void>(parse_size(text));
}

/// Matches by trying everything, and remembers what failed.
class SlowGlob {
  public:
    SlowGlob(std::string_view pattern, std::string_view text) : pattern_(pattern), text_(text) {}

    bool match(std::size_t p = 0, std::size_t t = 0) {
        if (const auto known = known_.find({p, t}); known != known_.end()) {
            return known->second;
        }
        const bool matches = match_here(p, t);
        known_[{p, t}] = matches;
        return matches;
    }

  private:
    bool match_here(std::size_t p, std::size_t t) {
        if (p == pattern_.size()) {
            return t == text_.size();
        }
        if (pattern_[p] == '*') {
            return match(p + 1, t) || (t < text_.size() && match(p, t + 1));
        }
        if (t == text_.size()) {
            return false;
        }
        switch (pattern_[p]) {
            case '?': return match(p + 1, t + 1);
            case '[': return match_class(p + 1, t);
            case '\\': return p + 1 < pattern_.size() && pattern_[p + 1] == text_[t] && match(p + 2, t + 1);
            default: return pattern_[p] == text_[t] && match(p + 1, t + 1);
        }
    }

    bool match_class(std::size_t p, std::size_t t) {
        const bool negated = p < pattern_.size() && (pattern_[p] == '!' || pattern_[p] == '^');
        p += negated ? 1 : 0;
        const auto c = static_cast<unsigned char>(text_[t]);
        const std::size_t first = p;  // a bracket that comes first stands for itself
        bool found = false;
        while (p < pattern_.size() && (p == first || pattern_[p] != ']')) {
            const bool range = p + 2 < pattern_.size() && pattern_[p + 1] == '-' && pattern_[p + 2] != ']';
            const auto low = static_cast<unsigned char>(pattern_[p]);
            const auto high = range ? static_cast<unsigned char>(pattern_[p + 2]) : low;
            found = found || (low <= c && c <= high);
            p += range ? 3 : 1;
        }
        return p < pattern_.size() && found != negated && match(p + 1, t + 1);
    }

    std::string_view pattern_;
    std::string_view text_;
    std::map<std::pair<std::size_t, std::size_t>, bool> known_;
};

void check_glob(std::string_view both) {
    const std::size_t split = std::min(both.find('\n'), both.size());
    const std::string_view pattern = both.substr(0, std::min<std::size_t>(split, 24));
    const std::string_view text = both.substr(std::min(split + 1, both.size())).substr(0, 32);
    fuzz::require(glob_match(pattern, text) == SlowGlob(pattern, text).match());
    fuzz::require(glob_match(pattern, pattern) == SlowGlob(pattern, pattern).match());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(fuzz::bytes_of(data, size));
    check_json(text);
    check_codings(text);
    check_times(text, size < 8 ? static_cast<std::int64_t>(size) : wire::load_big<std::int64_t>(as_bytes(text).data()));
    check_glob(text);
    return 0;
}
