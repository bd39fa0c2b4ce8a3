// SPDX-License-Identifier: Apache-2.0
#include "kafka/codec/chunk.hpp"

#include <fmt/format.h>
#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "kafka/codec/codec_impl.hpp"
#include "kafka/codec/xxh64.hpp"

namespace kseg::codec {
namespace {

constexpr int kStoreLevel = 0;  // libdeflate's for stored blocks
constexpr int kMaxGzipLevel = 12;

struct FreeDeflater {
    void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
};
struct FreeInflater {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};
struct FreeZstdCompressor {
    void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
};
struct FreeZstdDecompressor {
    void operator()(ZSTD_DCtx* d) const { ZSTD_freeDCtx(d); }
};

Result<void> deflate_member(Bytes in, int level, ByteBuffer& out) {
    // Each thread keeps the last one: it has up to some hundred KiB of tables.
    struct Kept {
        int level = -1;
        std::unique_ptr<libdeflate_compressor, FreeDeflater> deflater;
    };
    thread_local Kept kept;
    if (kept.level != level) {
        kept.deflater.reset(libdeflate_alloc_compressor(level));
        kept.level = kept.deflater ? level : -1;
    }
    if (!kept.deflater) {
        return no_memory("gzip");
    }
    const std::size_t start = out.size();
    out.reserve_more(libdeflate_gzip_compress_bound(kept.deflater.get(), in.size()));
    const std::size_t made =
        libdeflate_gzip_compress(kept.deflater.get(), in.data(), in.size(), out.data() + start, out.capacity() - start);
    assert(made != 0);  // there was room
    out.resize(start + made);
    return {};
}

Result<void> compress_frame(Bytes in, int level, ByteBuffer& out) {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeZstdCompressor> context(ZSTD_createCCtx());
    if (!context) {
        return no_memory("zstd");
    }
    ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    const std::size_t start = out.size();
    out.reserve_more(ZSTD_compressBound(in.size()));
    const std::size_t made =
        ZSTD_compress2(context.get(), out.data() + start, out.capacity() - start, in.data(), in.size());
    if (ZSTD_isError(made) != 0) {
        return Error{.code = Errc::io, .what = fmt::format("zstd: {}", ZSTD_getErrorName(made))};
    }
    out.resize(start + made);
    return {};
}

/// A frame of raw blocks, which the library offers no way to ask for.
void store_frame(Bytes in, ByteBuffer& out) {
    constexpr std::byte kDescriptor{0x80 | 0x20 | 0x04};  // size in 4 bytes, single segment, checksum
    constexpr std::size_t kMaxBlockBytes = std::size_t{128} * 1024;
    append_le32(out, ZSTD_MAGICNUMBER);
    out.push_back(kDescriptor);
    append_le32(out, static_cast<std::uint32_t>(in.size()));
    const auto checksum = static_cast<std::uint32_t>(xxh64(in));
    bool is_last = false;
    while (!is_last) {
        const std::size_t size = std::min(in.size(), kMaxBlockBytes);
        is_last = size == in.size();
        const std::size_t header = size << 3 | (is_last ? 1 : 0);  // block type 0, raw, in bits 1 and 2
        for (int shift = 0; shift < 24; shift += 8) {
            out.push_back(static_cast<std::byte>(header >> shift));
        }
        out.append(in.first(size));
        in = in.subspan(size);
    }
    append_le32(out, checksum);
}

Result<void> inflate_member(Bytes in, std::span<std::byte> into) {
    thread_local const std::unique_ptr<libdeflate_decompressor, FreeInflater> inflater(libdeflate_alloc_decompressor());
    if (!inflater) {
        return no_memory("gzip");
    }
    std::size_t used = 0;
    std::size_t made = 0;
    const libdeflate_result result =
        libdeflate_gzip_decompress_ex(inflater.get(), in.data(), in.size(), into.data(), into.size(), &used, &made);
    if (result != LIBDEFLATE_SUCCESS) {
        return corrupt(result == LIBDEFLATE_INSUFFICIENT_SPACE
                           ? fmt::format("gzip: the member holds more than {} bytes", into.size())
                           : "gzip: the member is damaged");
    }
    if (used != in.size() || made != into.size()) {
        return corrupt(fmt::format("gzip: member; expected {} bytes with {} in it, got {} with {}", in.size(), into.size(),
                                   used, made));
    }
    return {};
}

Result<void> decompress_frame(Bytes in, std::span<std::byte> into) {
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeZstdDecompressor> context(ZSTD_createDCtx());
    if (!context) {
        return no_memory("zstd");
    }
    // One call may take several frames, skippable ones too.
    if (frame_kind(in, ZSTD_MAGICNUMBER) != FrameKind::data) {
        return corrupt("zstd: magic; expected 0xfd2fb528");
    }
    const std::size_t used = ZSTD_findFrameCompressedSize(in.data(), in.size());
    if (ZSTD_isError(used) != 0 || used != in.size()) {
        return corrupt("zstd: the frame has another size than it should");
    }
    const std::size_t made = ZSTD_decompressDCtx(context.get(), into.data(), into.size(), in.data(), in.size());
    if (ZSTD_isError(made) != 0) {
        return corrupt(fmt::format("zstd: {}", ZSTD_getErrorName(made)));
    }
    if (made != into.size()) {
        return corrupt(fmt::format("zstd: content; expected {} bytes, got {}", into.size(), made));
    }
    return {};
}

}  // namespace

Result<void> check_chunk_level(ChunkCodec codec, int level) {
    const bool is_gzip = codec == ChunkCodec::gzip;
    const int first = is_gzip ? 1 : ZSTD_minCLevel();
    const int last = is_gzip ? kMaxGzipLevel : ZSTD_maxCLevel();
    // 0 is "stored" to some and "the default" to zstd, so it is neither here.
    if (level < first || level > last || level == 0) {
        return bad_level(is_gzip ? "gzip" : "zstd", level, first, last);
    }
    return {};
}

Result<void> compress_chunk(ChunkCodec codec, Bytes in, std::optional<int> level, ByteBuffer& out) {
    if (level) {
        if (const auto good = check_chunk_level(codec, *level); !good) {
            return good.error();
        }
    }
    if (codec == ChunkCodec::gzip) {
        return deflate_member(in, level.value_or(kStoreLevel), out);
    }
    if (level) {
        return compress_frame(in, *level, out);
    }
    store_frame(in, out);
    return {};
}

Result<void> decompress_chunk(ChunkCodec codec, Bytes in, std::span<std::byte> into) {
    return codec == ChunkCodec::gzip ? inflate_member(in, into) : decompress_frame(in, into);
}

}  // namespace kseg::codec
