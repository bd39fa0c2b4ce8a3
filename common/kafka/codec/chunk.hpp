// SPDX-License-Identifier: Apache-2.0
// Chunks of an archive: pieces of at most a few MiB that are each one gzip member or one zstd frame, and whose sizes both
// ways are known to whoever reads them. Sources: RFC 1952, RFC 8878.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::codec {

enum class ChunkCodec : std::uint8_t { gzip, zstd };

/// The level where nobody asks for another.
inline constexpr int kChunkGzipLevel = 5;
inline constexpr int kChunkZstdLevel = 3;

/// Checks a level: 1 to 12 for gzip (the scale of libdeflate), zstd's own scale without 0.
/// errors   invalid   it is outside the scale
Result<void> check_chunk_level(ChunkCodec codec, int level);

/// Compresses `in` and appends it to `out`: a gzip member without time and name, its system byte 255; or a zstd frame with
/// content size and checksum. Deterministic for one version of the codec's library.
/// level    nothing: stored as it is, in blocks that are not compressed
/// errors   invalid   see check_chunk_level();   io   no memory for the library's own state
Result<void> compress_chunk(ChunkCodec codec, Bytes in, std::optional<int> level, ByteBuffer& out);

/// Decompresses one member or frame that is all of `in` and gives exactly into.size() bytes. Verifies its checksum.
/// errors   corrupt   it is not such a member or frame;   io   no memory for the library's own state
/// After an error nothing is known of what is in `into`.
Result<void> decompress_chunk(ChunkCodec codec, Bytes in, std::span<std::byte> into);

}  // namespace kseg::codec
