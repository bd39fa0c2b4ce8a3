// SPDX-License-Identifier: Apache-2.0
// What every codec's tests do to a stream: cut it at each byte, flip each bit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "kafka/codec/codec.hpp"

namespace kseg::test {

// The content of most fixtures, which other programs compressed: small.txt and long.txt in the comments that say how.
inline constexpr std::string_view kSmall = "kafka record batch, kafka record batch\n";

inline std::string long_text() {
    std::string text;
    for (int i = 0; i < 11000; ++i) {
        text += "kafka ";
    }
    return text;  // 66,000 bytes: just over one LZ4 block, just over two xerial blocks
}

/// The content, or what went wrong in angle brackets.
inline std::string unpack(codec::Codec codec, Bytes stream, const codec::DecompressOptions& options = {}) {
    ByteBuffer out;
    const Result<void> done = codec::decompress(codec, stream, out, options);
    return done ? std::string(out.text()) : "<" + std::string(to_string(done.error().code)) + " " + done.error().what + ">";
}

/// The lengths at which a cut stream still decodes, plus any at which it is not `truncated` or leaves something else than
/// the beginning of `content` in the output. A stream of one member or frame gives none.
inline std::vector<std::size_t> cuts_that_pass(codec::Codec codec, Bytes stream, std::string_view content,
                                               const codec::DecompressOptions& options = {}) {
    std::vector<std::size_t> lengths;
    for (std::size_t length = 0; length < stream.size(); ++length) {
        const ByteBuffer cut(stream.first(length));  // a copy of that size, so that reading on is seen by the sanitizer
        ByteBuffer out;
        const Result<void> done = codec::decompress(codec, cut.bytes(), out, options);
        if (done || done.error().code != Errc::truncated || !content.starts_with(out.text())) {
            lengths.push_back(length);
        }
    }
    return lengths;
}

/// Flips each bit in turn; counts the streams that decode to something else than `content`.
inline std::size_t flips_that_lie(codec::Codec codec, Bytes stream, std::string_view content,
                                  const codec::DecompressOptions& options = {}) {
    std::size_t lies = 0;
    ByteBuffer out;
    for (std::size_t bit = 0; bit < stream.size() * 8; ++bit) {
        ByteBuffer flipped(stream);
        flipped.data()[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        if (codec::decompress(codec, flipped.bytes(), out, options) && out.text() != content) {
            ++lies;
        }
    }
    return lies;
}

/// Whether `stream` decodes under a limit of exactly its content, and not under less, where the beginning comes out.
inline bool limit_is_exact(codec::Codec codec, Bytes stream, std::string_view content) {
    for (const bool roomy : {false, true}) {  // room that is there already must not lift the limit
        ByteBuffer out;
        out.reserve(roomy ? content.size() * 2 : 0);
        if (!codec::decompress(codec, stream, out, {.limit_bytes = content.size()}) || out.text() != content) {
            return false;
        }
        if (content.empty()) {
            continue;
        }
        const Result<void> over = codec::decompress(codec, stream, out, {.limit_bytes = content.size() - 1});
        if (over || over.error().code != Errc::too_large || out.size() >= content.size() ||
            !content.starts_with(out.text())) {
            return false;
        }
    }
    return true;
}

}  // namespace kseg::test
