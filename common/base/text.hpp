// SPDX-License-Identifier: Apache-2.0
// Text from bytes and numbers, and back: UTF-8 check, JSON strings, base64, hex, times. Appends to a ByteBuffer, because
// printing records is this program's hottest path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace kseg {

/// Whether `bytes` are UTF-8 as RFC 3629 has it: no over-long forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(Bytes bytes);

/// Appends a JSON string with its quotes. Returns false, with `out` as it was, where `bytes` are not UTF-8.
bool append_json_string(ByteBuffer& out, Bytes bytes);

/// The same with every byte that breaks UTF-8 replaced by U+FFFD.
void append_json_string_lossy(ByteBuffer& out, Bytes bytes);

/// Appends a decimal number.
void append_number(ByteBuffer& out, std::int64_t value);

/// Appends base64 with padding, RFC 4648's plain alphabet.
void append_base64(ByteBuffer& out, Bytes bytes);

/// Appends lower-case hex.
void append_hex(ByteBuffer& out, Bytes bytes);

/// The bytes of a base64 text with padding, or nothing where it is none.
std::optional<ByteBuffer> parse_base64(std::string_view text);

/// The bytes of a hex text, or nothing where it is none.
std::optional<ByteBuffer> parse_hex(std::string_view text);

/// Appends "2023-11-14T22:13:20.000Z", or the bare number where its year has not four digits.
void append_time(ByteBuffer& out, TimestampMs time);

/// A point in time: RFC 3339 (date alone too, UTC unless it says otherwise), epoch milliseconds, or "-2h" before `now`
/// (units ms, s, m, h, d, w). Nothing where it is none of these.
std::optional<TimestampMs> parse_time(std::string_view text, TimestampMs now);

/// A size with an optional unit K, M, G (powers of 1024, "KiB" and "KB" alike). Nothing where it is none.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// Whether the whole of `text` matches `pattern`: `*`, `?`, `[abc]`, `[a-z]`, `[!a]`, and `\` before a character that
/// stands for itself. Bytes, not characters. Linear in text times stars.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace kseg
