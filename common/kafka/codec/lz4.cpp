// SPDX-License-Identifier: Apache-2.0
// LZ4 frames. Source: lz4's doc/lz4_Frame_format.md, 1.6.x. The frame is walked here and each block goes to the library
// straight into the output: LZ4F would copy each through a buffer of its own, and knows no other header checksum.
#include <fmt/format.h>
#include <lz4.h>
#include <lz4frame.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/checked.hpp"
#include "kafka/codec/codec_impl.hpp"
#include "kafka/codec/xxh32.hpp"

namespace kseg::codec {
namespace {

constexpr std::uint32_t kMagic = 0x184d2204;
constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kDescriptorBytes = 2;  // FLG, BD; the optional fields and the checksum byte follow
constexpr std::size_t kContentSizeBytes = 8;

constexpr std::uint8_t kVersionMask = 0xc0;
constexpr std::uint8_t kVersion = 0x40;
constexpr std::uint8_t kIndependentBlocks = 0x20;
constexpr std::uint8_t kBlockChecksums = 0x10;
constexpr std::uint8_t kContentSize = 0x08;
constexpr std::uint8_t kContentChecksum = 0x04;
constexpr std::uint8_t kReservedFlag = 0x02;
constexpr std::uint8_t kDictionary = 0x01;
constexpr std::uint8_t kReservedBlockBits = 0x8f;

constexpr std::uint32_t kStoredBlock = 0x80000000;            // top bit of a block's length: not compressed
constexpr std::size_t kWindowBytes = std::size_t{64} * 1024;  // how far back a linked block can reach
constexpr std::size_t kMaxRatio = 255;                        // each byte of a match length adds at most 255

struct FrameHeader {
    std::size_t bytes = 0;
    std::size_t max_block_bytes = 0;
    bool linked = false;
    bool block_checksums = false;
    bool content_checksum = false;
    std::optional<std::uint64_t> content_size{};
};

/// Parses the header of a frame that frame_kind() has seen.
Result<FrameHeader> parse_header(Bytes in, Lz4HeaderChecksum checksum) {
    const Error cut = truncated("lz4: the frame header ends early");
    if (in.size() < kMagicBytes + kDescriptorBytes) {
        return cut;
    }
    const std::uint8_t flags = to_u8(in[kMagicBytes]);
    const std::uint8_t block_bits = to_u8(in[kMagicBytes + 1]);
    if ((flags & kVersionMask) != kVersion || (flags & kReservedFlag) != 0) {
        return corrupt(fmt::format("lz4: frame flags; got 0x{:02x}", flags));
    }
    if ((block_bits & kReservedBlockBits) != 0 || block_bits < 0x40) {
        return corrupt(fmt::format("lz4: block size bits; expected 0x40 to 0x70, got 0x{:02x}", block_bits));
    }
    if ((flags & kDictionary) != 0) {
        return unsupported("lz4: the frame needs a dictionary");
    }
    FrameHeader header{
        .max_block_bytes = std::size_t{1} << (8 + 2 * (block_bits >> 4)),  // 4 to 7: 64 KiB, 256 KiB, 1 MiB, 4 MiB
        .linked = (flags & kIndependentBlocks) == 0,
        .block_checksums = (flags & kBlockChecksums) != 0,
        .content_checksum = (flags & kContentChecksum) != 0,
    };
    const bool has_size = (flags & kContentSize) != 0;
    const std::size_t end = kMagicBytes + kDescriptorBytes + (has_size ? kContentSizeBytes : 0);
    if (in.size() < end + 1) {
        return cut;
    }
    if (has_size) {
        header.content_size = load_le<std::uint64_t>(in, kMagicBytes + kDescriptorBytes);
    }
    const std::uint8_t stored = to_u8(in[end]);
    const auto second_byte = [](std::uint32_t hash) { return static_cast<std::uint8_t>(hash >> 8); };
    const std::uint8_t made = second_byte(xxh32(in.subspan(kMagicBytes, end - kMagicBytes)));
    const bool is_old = checksum == Lz4HeaderChecksum::any && stored == second_byte(xxh32(in.first(end)));
    if (stored != made && !is_old) {
        return corrupt(fmt::format("lz4: header checksum; expected 0x{:02x}, got 0x{:02x}", made, stored));
    }
    header.bytes = end + 1;
    return header;
}

/// One block's place in the input, or the mark that ends the blocks.
struct Block {
    std::size_t bytes = 0;  // all that it takes up, its length and checksum too
    bool is_end = false;
    bool is_stored = false;
    Bytes data{};
    std::optional<std::uint32_t> checksum{};
};

Result<Block> parse_block(Bytes in, const FrameHeader& header) {
    if (in.size() < 4) {
        return truncated("lz4: the frame ends early");
    }
    const auto word = load_le<std::uint32_t>(in, 0);
    if (word == 0) {
        return Block{.bytes = 4, .is_end = true};
    }
    const std::size_t data_bytes = word & ~kStoredBlock;
    if (data_bytes > header.max_block_bytes) {
        return corrupt(fmt::format("lz4: block length; expected up to {}, got {}", header.max_block_bytes, data_bytes));
    }
    const std::size_t checksum_bytes = header.block_checksums ? 4 : 0;
    if (in.size() - 4 < data_bytes + checksum_bytes) {
        return truncated("lz4: the block ends early");
    }
    Block block{
        .bytes = 4 + data_bytes + checksum_bytes,
        .is_stored = (word & kStoredBlock) != 0,
        .data = in.subspan(4, data_bytes),
    };
    if (header.block_checksums) {
        block.checksum = load_le<std::uint32_t>(in, 4 + data_bytes);
    }
    return block;
}

/// Appends a block's content. `begin` is where the frame's content starts in `out`; linked blocks reach no further back.
Result<void> append_block(const Block& block, const FrameHeader& header, std::size_t begin, ByteBuffer& out,
                          std::size_t limit_bytes) {
    if (block.checksum) {
        if (const std::uint32_t made = xxh32(block.data); made != *block.checksum) {
            return corrupt(fmt::format("lz4: block checksum; expected 0x{:08x}, got 0x{:08x}", made, *block.checksum));
        }
    }
    const std::size_t at = out.size();
    // The block goes past the limit by its own size at most, which tells "too much" from "corrupt".
    const std::size_t room =
        block.is_stored ? block.data.size() : std::min(header.max_block_bytes, block.data.size() * kMaxRatio);
    make_room(out, at + room, limit_bytes);
    if (block.is_stored) {
        out.append(block.data);
    } else {
        char* const to = reinterpret_cast<char*>(out.data() + at);
        const std::size_t back = header.linked ? std::min(at - begin, kWindowBytes) : 0;
        const int made = LZ4_decompress_safe_usingDict(as_text(block.data).data(), to, checked_cast<int>(block.data.size()),
                                                       checked_cast<int>(room), to - back, checked_cast<int>(back));
        if (made < 0) {
            return corrupt("lz4: malformed block");
        }
        out.resize(at + static_cast<std::size_t>(made));
    }
    if (out.size() > limit_bytes) {
        out.resize(limit_bytes);
        return over_limit("lz4", limit_bytes);
    }
    return {};
}

/// Checks what the frame says of its content as a whole; `rest` follows the end mark. Returns the bytes of the checksum.
Result<std::size_t> check_content(Bytes content, Bytes rest, const FrameHeader& header) {
    if (header.content_size && *header.content_size != content.size()) {
        return corrupt(fmt::format("lz4: content size; expected {}, got {}", content.size(), *header.content_size));
    }
    if (!header.content_checksum) {
        return std::size_t{0};
    }
    if (rest.size() < 4) {
        return truncated("lz4: the content checksum ends early");
    }
    const auto stored = load_le<std::uint32_t>(rest, 0);
    if (const std::uint32_t made = xxh32(content); made != stored) {
        return corrupt(fmt::format("lz4: content checksum; expected 0x{:08x}, got 0x{:08x}", made, stored));
    }
    return std::size_t{4};
}

/// Appends the content of the frame that starts `in`; returns the frame's bytes.
Result<std::size_t> decompress_frame(Bytes in, ByteBuffer& out, const DecompressOptions& options) {
    const Result<FrameHeader> header = parse_header(in, options.lz4_header);
    if (!header) {
        return header.error();
    }
    const std::size_t begin = out.size();
    for (std::size_t at = header->bytes;;) {
        const Result<Block> block = parse_block(in.subspan(at), *header);
        if (!block) {
            return block.error();
        }
        at += block->bytes;
        if (block->is_end) {
            const Result<std::size_t> checksum_bytes = check_content(out.bytes().subspan(begin), in.subspan(at), *header);
            if (!checksum_bytes) {
                return checksum_bytes.error();
            }
            return at + *checksum_bytes;
        }
        if (const Result<void> done = append_block(*block, *header, begin, out, options.limit_bytes); !done) {
            return done.error();
        }
    }
}

/// Bytes of the frame that starts `in`, or 0 where it is cut or broken; does not look into the blocks.
std::size_t frame_bytes(Bytes in, const FrameHeader& header) {
    for (std::size_t at = header.bytes;;) {
        const Result<Block> block = parse_block(in.subspan(at), header);
        if (!block) {
            return 0;
        }
        at += block->bytes;
        if (block->is_end) {
            at += header.content_checksum ? 4 : 0;
            return at <= in.size() ? at : 0;
        }
    }
}

struct FreeCompressor {
    void operator()(LZ4F_cctx* c) const { LZ4F_freeCompressionContext(c); }
};

}  // namespace

Result<void> decompress_lz4(Bytes in, ByteBuffer& out, const DecompressOptions& options) {
    out.reserve(std::min(options.limit_bytes, in.size() * 4));
    std::size_t at = 0;
    do {
        const Bytes rest = in.subspan(at);
        switch (frame_kind(rest, kMagic)) {
            case FrameKind::data: {
                const Result<std::size_t> bytes = decompress_frame(rest, out, options);
                if (!bytes) {
                    return bytes.error();
                }
                at += *bytes;
                break;
            }
            case FrameKind::skippable:
                if (skippable_frame_bytes(rest) == 0) {
                    return truncated("lz4: the skippable frame ends early");
                }
                at += skippable_frame_bytes(rest);
                break;
            case FrameKind::cut: return truncated("lz4: the frame header ends early");
            case FrameKind::other:
                return corrupt(at == 0 ? std::string("lz4: magic; expected 0x184d2204")
                                       : fmt::format("lz4: {} bytes after the last frame", rest.size()));
        }
    } while (at < in.size());
    return {};
}

Result<void> compress_lz4(Bytes in, ByteBuffer& out, const CompressOptions& options) {
    const int level = options.level.value_or(0);
    // Below 0 are the accelerated levels, which have no least one.
    if (level > LZ4F_compressionLevel_max()) {
        return bad_level("lz4", level, 0, LZ4F_compressionLevel_max());
    }
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    preferences.frameInfo.blockMode = options.lz4_linked_blocks ? LZ4F_blockLinked : LZ4F_blockIndependent;
    preferences.compressionLevel = level;
    LZ4F_cctx* raw = nullptr;
    if (LZ4F_isError(LZ4F_createCompressionContext(&raw, LZ4F_VERSION)) != 0) {
        return no_memory("lz4");
    }
    const std::unique_ptr<LZ4F_cctx, FreeCompressor> context(raw);

    // Not LZ4F_compressFrame(), which writes "independent" into the header of every frame that has one block only.
    const std::size_t start = out.size();
    out.reserve_more(LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(in.size(), &preferences));
    LZ4F_compressOptions_t stable{};
    stable.stableSrc = 1;
    std::size_t made = LZ4F_compressBegin(raw, out.data() + out.size(), out.capacity() - out.size(), &preferences);
    if (LZ4F_isError(made) == 0) {
        out.resize(out.size() + made);
        made =
            LZ4F_compressUpdate(raw, out.data() + out.size(), out.capacity() - out.size(), in.data(), in.size(), &stable);
    }
    if (LZ4F_isError(made) == 0) {
        out.resize(out.size() + made);
        made = LZ4F_compressEnd(raw, out.data() + out.size(), out.capacity() - out.size(), &stable);
    }
    if (LZ4F_isError(made) != 0) {
        out.resize(start);
        return Error{.code = Errc::too_large, .what = fmt::format("lz4: {}", LZ4F_getErrorName(made))};
    }
    out.resize(out.size() + made);
    if (options.lz4_checksum_over_magic) {
        constexpr std::size_t kChecksumAt = 4 + 1 + 1;  // magic, FLG, BD: the preferences above add no further field
        const std::uint32_t checksum = xxh32(out.bytes().subspan(start, kChecksumAt));
        out.data()[start + kChecksumAt] = static_cast<std::byte>(checksum >> 8);
    }
    return {};
}

bool has_content_checksum_lz4(Bytes in) {
    bool any = false;
    while (!in.empty()) {
        const FrameKind kind = frame_kind(in, kMagic);
        std::size_t bytes = 0;
        if (kind == FrameKind::skippable) {
            bytes = skippable_frame_bytes(in);
        } else if (kind == FrameKind::data) {
            const Result<FrameHeader> header = parse_header(in, Lz4HeaderChecksum::any);
            if (!header || !header->content_checksum) {
                return false;
            }
            any = true;
            bytes = frame_bytes(in, *header);
        }
        if (bytes == 0) {
            return any;
        }
        in = in.subspan(bytes);
    }
    return any;
}

}  // namespace kseg::codec
