// SPDX-License-Identifier: Apache-2.0
// zstd frames. Source: RFC 8878. The frame's headers are walked here for a bound on what can come out, so that the common
// case is one call into room that is known to do, also for streams that state no content size, as Kafka's do not.
#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "kafka/codec/codec_impl.hpp"

namespace kseg::codec {
namespace {

constexpr std::uint32_t kMagic = ZSTD_MAGICNUMBER;
constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kMaxBlockBytes = std::size_t{128} * 1024;
constexpr std::size_t kBlockHeaderBytes = 3;
constexpr std::size_t kChecksumBytes = 4;
constexpr int kMaxWindowLog = 27;  // what zstd and zstd-jni accept unless told otherwise: 128 MiB
constexpr int kKafkaLevel = 3;

// More room than this is not taken on the word of block headers, which can claim 128 KiB in 3 bytes.
constexpr std::size_t kTrustedRatio = 32;
constexpr std::size_t kTrustedBytes = std::size_t{1024} * 1024;

enum class BlockType : std::uint8_t { raw = 0, rle = 1, compressed = 2, reserved = 3 };

struct FrameHeader {
    std::size_t bytes = 0;
    std::uint64_t window_bytes = 0;
    bool checksum = false;
    std::optional<std::uint64_t> content_size{};
};

/// Parses the header of a frame that frame_kind() has seen.
Result<FrameHeader> parse_header(Bytes in) {
    const Error cut = truncated("zstd: the frame header ends early");
    if (in.size() < kMagicBytes + 1) {
        return cut;
    }
    const std::uint8_t descriptor = to_u8(in[kMagicBytes]);
    if ((descriptor & 0x08) != 0) {
        return corrupt(fmt::format("zstd: reserved bit in the frame header; got 0x{:02x}", descriptor));
    }
    const bool single_segment = (descriptor & 0x20) != 0;
    const std::size_t dictionary_bytes = std::size_t{1} << (descriptor & 3) >> 1;                      // 0, 1, 2, 4
    const std::size_t size_bytes = (descriptor >> 6) == 0 ? single_segment : 1U << (descriptor >> 6);  // 0 or 1, 2, 4, 8
    const std::size_t window_at = kMagicBytes + 1;
    const std::size_t dictionary_at = window_at + (single_segment ? 0 : 1);
    const std::size_t size_at = dictionary_at + dictionary_bytes;
    FrameHeader header{.bytes = size_at + size_bytes, .checksum = (descriptor & 0x04) != 0};
    if (in.size() < header.bytes) {
        return cut;
    }
    for (std::size_t i = 0; i < dictionary_bytes; ++i) {
        if (to_u8(in[dictionary_at + i]) != 0) {  // id 0 is "none"
            return unsupported("zstd: the frame needs a dictionary");
        }
    }
    switch (size_bytes) {
        case 1: header.content_size = to_u8(in[size_at]); break;
        case 2: header.content_size = load_le<std::uint16_t>(in, size_at) + std::uint64_t{256}; break;
        case 4: header.content_size = load_le<std::uint32_t>(in, size_at); break;
        case 8: header.content_size = load_le<std::uint64_t>(in, size_at); break;
        default: break;
    }
    if (single_segment) {
        header.window_bytes = *header.content_size;
    } else {
        const std::uint8_t window = to_u8(in[window_at]);
        const std::uint64_t base = std::uint64_t{1} << (10 + (window >> 3));
        header.window_bytes = base + base / 8 * (window & 7);
    }
    // The library checks this in its streaming interface alone; the verdict must not depend on the path taken.
    if (header.window_bytes > std::uint64_t{1} << kMaxWindowLog) {
        return unsupported(
            fmt::format("zstd: window; expected up to {} bytes, got {}", 1U << kMaxWindowLog, header.window_bytes));
    }
    return header;
}

struct Block {
    std::size_t bytes = 0;          // header and what is stored
    std::size_t max_out_bytes = 0;  // what it can give; exact but for compressed blocks
    bool is_last = false;
};

/// The block at in[0]; nothing where it is cut or its type is reserved.
std::optional<Block> parse_block(Bytes in, const FrameHeader& header) {
    if (in.size() < kBlockHeaderBytes) {
        return std::nullopt;
    }
    const std::uint32_t word = load_le<std::uint16_t>(in, 0) | std::uint32_t{to_u8(in[2])} << 16;
    const std::size_t stated = word >> 3;
    Block block{.bytes = kBlockHeaderBytes + stated, .max_out_bytes = stated, .is_last = (word & 1) != 0};
    switch (static_cast<BlockType>((word >> 1) & 3)) {
        case BlockType::raw: break;
        case BlockType::rle: block.bytes = kBlockHeaderBytes + 1; break;
        case BlockType::compressed:
            block.max_out_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(header.window_bytes, kMaxBlockBytes));
            break;
        case BlockType::reserved: return std::nullopt;
    }
    return block.bytes <= in.size() ? std::optional(block) : std::nullopt;
}

/// What the block headers of a frame tell.
struct Extent {
    std::size_t in_bytes = 0;
    std::size_t max_out_bytes = 0;
};

/// Walks the blocks of the frame that starts `in`; nothing where it is cut or a block type is reserved.
std::optional<Extent> measure_frame(Bytes in, const FrameHeader& header) {
    Extent extent{.in_bytes = header.bytes};
    for (bool is_last = false; !is_last;) {
        const std::optional<Block> block = parse_block(in.subspan(extent.in_bytes), header);
        if (!block) {
            return std::nullopt;
        }
        extent.in_bytes += block->bytes;
        extent.max_out_bytes += block->max_out_bytes;
        is_last = block->is_last;
    }
    extent.in_bytes += header.checksum ? kChecksumBytes : 0;
    return extent.in_bytes <= in.size() ? std::optional(extent) : std::nullopt;
}

struct FreeDecompressor {
    void operator()(ZSTD_DCtx* d) const { ZSTD_freeDCtx(d); }
};

/// Decompresses a measured frame in one call. False where that fails, for whatever reason; `out` is then as before.
bool decompress_whole(Bytes frame, const Extent& extent, std::optional<std::uint64_t> content_size, ByteBuffer& out,
                      std::size_t limit_bytes) {
    // Each thread keeps one: about 100 KiB of tables. One-shot calls leave nothing in it and give it no window buffer.
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
    if (!context) {
        return false;
    }
    const std::size_t begin = out.size();
    const std::size_t trusted = std::max(out.capacity() - begin, frame.size() * kTrustedRatio + kTrustedBytes);
    std::size_t room = std::min({extent.max_out_bytes, limit_bytes - begin, trusted});
    if (content_size && *content_size < room) {
        room = static_cast<std::size_t>(*content_size);
    }
    make_room(out, begin + std::max<std::size_t>(room, 1), limit_bytes);
    const std::size_t made = ZSTD_decompressDCtx(context.get(), out.data() + begin, room, frame.data(), frame.size());
    if (ZSTD_isError(made) != 0) {
        return false;
    }
    out.resize(begin + made);
    return true;
}

Error describe(std::size_t code) {
    switch (ZSTD_getErrorCode(code)) {
        case ZSTD_error_checksum_wrong: return corrupt("zstd: the content checksum is wrong");
        case ZSTD_error_memory_allocation: return no_memory("zstd");
        default: return corrupt(fmt::format("zstd: {}", ZSTD_getErrorName(code)));
    }
}

/// Gives `piece` to the library and appends what comes out. Returns whether the frame is complete.
Result<bool> feed(ZSTD_DCtx* context, Bytes piece, ByteBuffer& out, std::size_t limit_bytes) {
    ZSTD_inBuffer from{.src = piece.data(), .size = piece.size(), .pos = 0};
    for (;;) {
        if (out.size() < limit_bytes) {
            make_room(out, out.size() + 1, limit_bytes);
        }
        // At the limit one more byte of room, outside `out`, tells a frame that ends there from one that goes on.
        std::byte probe{};
        const std::size_t room = std::min(out.capacity(), limit_bytes) - out.size();
        ZSTD_outBuffer to{.dst = room == 0 ? &probe : out.data() + out.size(), .size = room == 0 ? 1 : room, .pos = 0};
        const std::size_t status = ZSTD_decompressStream(context, &to, &from);
        if (to.pos != 0 && room == 0) {
            return over_limit("zstd", limit_bytes);
        }
        out.resize(out.size() + to.pos);
        if (ZSTD_isError(status) != 0) {
            return describe(status);
        }
        if (status == 0 || (from.pos == from.size && to.pos < to.size)) {
            return status == 0;
        }
    }
}

/// Decompresses the frame that starts `in` block by block: for content that is larger than its headers are trusted for, and
/// to find out what is wrong with a damaged frame and leave in `out` what comes before the damage. Returns the frame's
/// bytes.
Result<std::size_t> decompress_stepwise(Bytes in, const FrameHeader& header, ByteBuffer& out, std::size_t limit_bytes) {
    // Its own context, not the thread's, so that a window buffer of up to 128 MiB goes when the frame is done.
    const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
    if (!context) {
        return no_memory("zstd");
    }
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
    // One block at a time: when a call fails the library does not say how much that call has put out.
    std::size_t at = 0;
    std::size_t piece_bytes = header.bytes;
    for (bool after_last = false; at < in.size();) {
        const Result<bool> is_done = feed(context.get(), in.subspan(at, piece_bytes), out, limit_bytes);
        if (!is_done) {
            return is_done.error();
        }
        at += piece_bytes;
        if (*is_done) {
            return at;
        }
        const Bytes rest = in.subspan(at);
        const std::optional<Block> block = after_last ? std::nullopt : parse_block(rest, header);
        if (block) {
            piece_bytes = block->bytes;
            after_last = block->is_last;
        } else {
            piece_bytes = std::min(rest.size(), after_last ? kChecksumBytes : rest.size());
        }
    }
    return truncated("zstd: the frame ends early");
}

/// Appends the content of the frame that starts `in`; returns the frame's bytes.
Result<std::size_t> decompress_frame(Bytes in, ByteBuffer& out, std::size_t limit_bytes) {
    const Result<FrameHeader> header = parse_header(in);
    if (!header) {
        return header.error();
    }
    const std::optional<Extent> extent = measure_frame(in, *header);
    if (extent && decompress_whole(in.first(extent->in_bytes), *extent, header->content_size, out, limit_bytes)) {
        return extent->in_bytes;
    }
    return decompress_stepwise(in, *header, out, limit_bytes);
}

struct FreeCompressor {
    void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
};

/// Compresses with the parameters set in `context`, in Kafka's steps. A stream that its first call ends would take its
/// parameters from the size; and Java flushes before it closes, which leaves the last block empty.
std::size_t compress_stream(ZSTD_CCtx* context, Bytes in, ByteBuffer& out) {
    ZSTD_inBuffer from{.src = in.data(), .size = in.size(), .pos = 0};
    for (const ZSTD_EndDirective step : {ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end}) {
        for (bool is_done = false; !is_done;) {
            if (out.size() == out.capacity()) {
                out.reserve_more(ZSTD_CStreamOutSize());
            }
            ZSTD_outBuffer to{.dst = out.data() + out.size(), .size = out.capacity() - out.size(), .pos = 0};
            const std::size_t left = ZSTD_compressStream2(context, &to, &from, step);
            if (ZSTD_isError(left) != 0) {
                return left;
            }
            out.resize(out.size() + to.pos);
            is_done = step == ZSTD_e_continue ? from.pos == from.size : left == 0;
        }
    }
    return 0;
}

}  // namespace

Result<void> decompress_zstd(Bytes in, ByteBuffer& out, const DecompressOptions& options) {
    std::size_t at = 0;
    do {
        const Bytes rest = in.subspan(at);
        switch (frame_kind(rest, kMagic)) {
            case FrameKind::data: {
                const Result<std::size_t> bytes = decompress_frame(rest, out, options.limit_bytes);
                if (!bytes) {
                    return bytes.error();
                }
                at += *bytes;
                break;
            }
            case FrameKind::skippable:
                if (skippable_frame_bytes(rest) == 0) {
                    return truncated("zstd: the skippable frame ends early");
                }
                at += skippable_frame_bytes(rest);
                break;
            case FrameKind::cut: return truncated("zstd: the frame header ends early");
            case FrameKind::other:
                return corrupt(at == 0 ? std::string("zstd: magic; expected 0xfd2fb528")
                                       : fmt::format("zstd: {} bytes after the last frame", rest.size()));
        }
    } while (at < in.size());
    return {};
}

Result<void> compress_zstd(Bytes in, ByteBuffer& out, const CompressOptions& options) {
    const int level = options.level.value_or(kKafkaLevel);
    if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel()) {
        return bad_level("zstd", level, ZSTD_minCLevel(), ZSTD_maxCLevel());
    }
    // Each thread keeps one: its tables are over 1 MiB, more work to make than a small batch is to compress.
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
    if (!context) {
        return no_memory("zstd");
    }
    ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, options.zstd_content_size ? 1 : 0);
    const std::size_t start = out.size();
    out.reserve_more(ZSTD_compressBound(in.size()));
    std::size_t made = 0;
    if (options.zstd_content_size) {
        made = ZSTD_compress2(context.get(), out.data() + start, out.capacity() - start, in.data(), in.size());
    } else {
        made = compress_stream(context.get(), in, out);
    }
    if (ZSTD_isError(made) != 0) {
        out.resize(start);
        return Error{.code = Errc::too_large, .what = fmt::format("zstd: {}", ZSTD_getErrorName(made))};
    }
    out.resize(out.size() + made);  // nothing more after compress_stream()
    return {};
}

bool has_content_checksum_zstd(Bytes in) {
    bool any = false;
    while (!in.empty()) {
        const FrameKind kind = frame_kind(in, kMagic);
        std::size_t bytes = 0;
        if (kind == FrameKind::skippable) {
            bytes = skippable_frame_bytes(in);
        } else if (kind == FrameKind::data) {
            const Result<FrameHeader> header = parse_header(in);
            if (!header || !header->checksum) {
                return false;
            }
            any = true;
            const std::optional<Extent> extent = measure_frame(in, *header);
            bytes = extent ? extent->in_bytes : 0;
        }
        if (bytes == 0) {
            return any;
        }
        in = in.subspan(bytes);
    }
    return any;
}

}  // namespace kseg::codec
