// SPDX-License-Identifier: Apache-2.0
// The compression codecs of record batches, in all the dialects that clients write.
// Formats: man/kseg-segment.5, CODECS. Sources: KIP-98, KIP-110, RFC 1952, RFC 8878, the LZ4 frame and snappy formats.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::codec {

/// Values are those of bits 0-2 of a batch's attributes; 5 to 7 are not assigned.
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

inline constexpr std::uint8_t kLastCodec = 4;

/// "none", "gzip", "snappy", "lz4", "zstd".
std::string_view to_string(Codec codec);

/// How the LZ4 frame header's checksum was made. Magic 0 writers took it over the frame magic too (KAFKA-3160), and readers
/// of magic 0 must take either.
enum class Lz4HeaderChecksum : std::uint8_t { standard, any };

/// Options of decompress().
struct DecompressOptions {
    /// Most bytes that may come out; a stream that holds more is Errc::too_large.
    std::size_t limit_bytes = std::size_t{1} << 30;
    Lz4HeaderChecksum lz4_header = Lz4HeaderChecksum::standard;
};

/// Decompresses all of `in` into `out`, which is cleared first and keeps its capacity: reuse it as scratch.
/// Takes gzip with several members, snappy raw and in xerial framing, LZ4 frames with linked or independent blocks (several
/// frames too), zstd with or without content size (several frames too). Every checksum that the stream holds is verified.
/// Memory follows what comes out, never a size that the stream states.
/// errors   truncated    the stream ends early
///          corrupt      the stream breaks its format, a checksum is wrong, or bytes follow its end
///          too_large    more than limit_bytes come out
///          unsupported  the codec is not one of the enum, the stream needs a dictionary, or a zstd window over 128 MiB
///          io           no memory for the library's own state
/// After an error `out` holds what came out before it, as far as the codec can tell (possibly nothing).
Result<void> decompress(Codec codec, Bytes in, ByteBuffer& out, const DecompressOptions& options = {});

/// Framings of snappy: Java writes blocks with a header ("xerial"), some others one raw block.
enum class SnappyFraming : std::uint8_t { xerial, raw };

/// Options of compress().
struct CompressOptions {
    /// Level in the scale of the codec's library; nothing means Kafka's default: gzip -1, lz4 0 (its fast compressor, which
    /// Kafka's configuration calls 9; here 3 and more is the slow one), zstd 3. Snappy has no levels and ignores it.
    std::optional<int> level{};
    SnappyFraming snappy = SnappyFraming::xerial;
    bool lz4_linked_blocks = false;
    bool lz4_checksum_over_magic = false;  // the header's, as readers of magic 0 expect it (KAFKA-3160)
    bool zstd_content_size = false;        // Kafka streams into zstd and so never states it
};

/// Compresses `in` and appends the stream to `out`. Deterministic for one version of the codec's library.
/// errors   unsupported  the codec is not one of the enum
///          invalid      the level is outside the library's scale
///          too_large    the library refuses the size
///          io           no memory for the library's own state
Result<void> compress(Codec codec, Bytes in, ByteBuffer& out, const CompressOptions& options = {});

/// Whether the stream carries a checksum over its content that decompress() has verified when it succeeded: gzip always,
/// LZ4 and zstd where the header of every frame says so, snappy never. False where the stream's header cannot be read.
bool has_content_checksum(Codec codec, Bytes in);

}  // namespace kseg::codec
