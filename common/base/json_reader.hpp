// SPDX-License-Identifier: Apache-2.0
// A pull reader for one JSON text: the caller asks for what it expects. Sticky like wire::Reader: after the first thing
// that does not fit, ok() stays false and error_at() tells where.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace kseg {

class JsonReader {
  public:
    /// Borrows `text`.
    explicit JsonReader(std::string_view text) : text_(text) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t error_at() const { return at_; }

    /// Whether the next value begins with this character; white space is passed over.
    bool next_is(char c);
    /// Takes the character, or fails.
    void expect(char c);
    /// Takes "null" where it is next.
    bool take_null();
    bool boolean();
    /// A whole number within 64 bits; fractions and exponents fail.
    std::int64_t integer();
    /// A string with its escapes resolved, as UTF-8 in `out`, which is cleared first. Lone surrogates and raw control
    /// characters fail.
    void string(ByteBuffer& out);
    /// Passes over one value of any kind.
    void skip();

    /// Walks an object: `field(name)` must take or skip the value. The name is valid during the call.
    template <typename Field>
    // NOLINTNEXTLINE(misc-no-recursion): skip() bounds its depth
    void object(Field&& field) {
        ByteBuffer name;
        expect('{');
        for (bool first = true; ok_ && !next_is('}'); first = false) {
            if (!first) {
                expect(',');
            }
            string(name);
            expect(':');
            if (ok_) {
                field(name.text());
            }
        }
        expect('}');
    }

    /// Walks an array: `element()` must take or skip one value.
    template <typename Element>
    // NOLINTNEXTLINE(misc-no-recursion): skip() bounds its depth
    void array(Element&& element) {
        expect('[');
        for (bool first = true; ok_ && !next_is(']'); first = false) {
            if (!first) {
                expect(',');
            }
            if (ok_) {
                element();
            }
        }
        expect(']');
    }

    /// Fails unless only white space is left.
    void expect_end();
    void fail() { ok_ = false; }

  private:
    void skip_space();
    std::optional<std::uint32_t> hex4();
    void escape(ByteBuffer& out);
    void skip_nested(int depth);

    std::string_view text_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace kseg
