// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: one pair of functions for each codec, and what they share.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/codec/codec.hpp"

namespace kseg::codec {

// decompress() and compress() for one codec; decompress_*() expects `out` to be empty. Errors as in codec.hpp.
Result<void> decompress_gzip(Bytes in, ByteBuffer& out, const DecompressOptions& options);
Result<void> decompress_snappy(Bytes in, ByteBuffer& out, const DecompressOptions& options);
Result<void> decompress_lz4(Bytes in, ByteBuffer& out, const DecompressOptions& options);
Result<void> decompress_zstd(Bytes in, ByteBuffer& out, const DecompressOptions& options);
Result<void> compress_gzip(Bytes in, ByteBuffer& out, const CompressOptions& options);
Result<void> compress_snappy(Bytes in, ByteBuffer& out, const CompressOptions& options);
Result<void> compress_lz4(Bytes in, ByteBuffer& out, const CompressOptions& options);
Result<void> compress_zstd(Bytes in, ByteBuffer& out, const CompressOptions& options);
bool has_content_checksum_gzip(Bytes in);
bool has_content_checksum_lz4(Bytes in);
bool has_content_checksum_zstd(Bytes in);

inline Error truncated(std::string what) {
    return {.code = Errc::truncated, .what = std::move(what)};
}

inline Error corrupt(std::string what) {
    return {.code = Errc::corrupt, .what = std::move(what)};
}

inline Error unsupported(std::string what) {
    return {.code = Errc::unsupported, .what = std::move(what)};
}

/// The error of a stream that holds more than the limit. `codec` is the name that starts the text.
Error over_limit(const char* codec, std::size_t limit_bytes);

/// The error of a level outside first .. last.
Error bad_level(const char* codec, int level, int first, int last);

/// The error of a library that got no memory for its own state.
Error no_memory(const char* codec);

/// Makes room for `needed` bytes in all. Grows at least by doubling, so that many small steps stay linear, but doubles no
/// further than `most`: the old room and the new one live side by side while the contents move.
inline void make_room(ByteBuffer& out, std::size_t needed, std::size_t most) {
    if (needed > out.capacity()) {
        out.reserve(std::max(needed, std::min(out.capacity() * 2, most)));
    }
}

/// A little-endian number at `at`, which the caller has checked.
template <typename T>
T load_le(Bytes in, std::size_t at) {
    assert(at + sizeof(T) <= in.size());
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<T>(value | static_cast<T>(to_u8(in[at + i])) << (8 * i));
    }
    return value;
}

/// Appends a little-endian number.
inline void append_le32(ByteBuffer& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) {
        out.push_back(static_cast<std::byte>(value >> shift));
    }
}

/// Frame magics are little-endian numbers; those of skippable frames, which LZ4 and zstd share, differ in the low four
/// bits.
inline constexpr std::uint32_t kSkippableMagic = 0x184d2a50;
inline constexpr std::uint32_t kSkippableMask = 0xfffffff0;

enum class FrameKind : std::uint8_t { data, skippable, cut, other };

/// What starts here: a frame with `magic`, a skippable frame, the beginning of a magic that is cut off, or neither.
inline FrameKind frame_kind(Bytes in, std::uint32_t magic) {
    std::uint32_t got = 0;
    std::uint32_t seen = 0;  // mask of the bytes that are there
    for (std::size_t i = 0; i < std::min<std::size_t>(in.size(), 4); ++i) {
        got |= std::uint32_t{to_u8(in[i])} << (8 * i);
        seen |= std::uint32_t{0xff} << (8 * i);
    }
    const bool is_data = (got & seen) == (magic & seen);
    const bool is_skippable = (got & seen & kSkippableMask) == (kSkippableMagic & seen);
    if (in.size() < 4) {
        return is_data || is_skippable ? FrameKind::cut : FrameKind::other;
    }
    return is_data ? FrameKind::data : is_skippable ? FrameKind::skippable : FrameKind::other;
}

inline constexpr std::size_t kSkippableHeaderBytes = 4 + 4;  // magic, length of what follows

/// All of a skippable frame's bytes, or 0 where it is cut off.
inline std::size_t skippable_frame_bytes(Bytes in) {
    if (in.size() < kSkippableHeaderBytes || in.size() - kSkippableHeaderBytes < load_le<std::uint32_t>(in, 4)) {
        return 0;
    }
    return kSkippableHeaderBytes + load_le<std::uint32_t>(in, 4);
}

}  // namespace kseg::codec
