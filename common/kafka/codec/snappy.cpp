// SPDX-License-Identifier: Apache-2.0
// snappy: one raw block, or blocks in the framing of snappy-java ("xerial"), which Kafka's own clients write. Sources:
// snappy's format_description.txt; snappy-java's SnappyCodec and SnappyInputStream.
#include <fmt/format.h>
#include <snappy-c.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <span>

#include "kafka/codec/codec_impl.hpp"

namespace kseg::codec {
namespace {

constexpr std::uint8_t kXerialMagic[] = {0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00};
constexpr std::size_t kXerialHeaderBytes = 8 + 4 + 4;  // magic, version, oldest version that can read it
constexpr std::uint32_t kXerialVersion = 1;
constexpr std::size_t kXerialBlockBytes = std::size_t{32} * 1024;  // snappy-java's default

// A copy of 64 bytes takes 3; half as much again leaves no doubt.
constexpr std::size_t kMaxRatio = 32;
constexpr std::size_t kMaxBlockBytes = std::numeric_limits<std::uint32_t>::max();  // a block states its length in 32 bits

std::uint32_t load_be32(Bytes in, std::size_t at) {
    return std::uint32_t{to_u8(in[at])} << 24 | std::uint32_t{to_u8(in[at + 1])} << 16 |
           std::uint32_t{to_u8(in[at + 2])} << 8 | std::uint32_t{to_u8(in[at + 3])};
}

void append_be32(ByteBuffer& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::byte>(value >> shift));
    }
}

/// One element of a block: so many bytes from the input, or again from `offset` bytes back.
struct Element {
    bool is_literal = false;
    std::size_t header_bytes = 0;
    std::size_t length = 0;
    std::size_t offset = 0;
};

/// The element at in[0]; header_bytes is 0 where it is cut off.
Element parse_element(Bytes in) {
    const std::uint8_t tag = to_u8(in[0]);
    Element e;
    std::size_t extra_bytes = 0;  // little-endian number after the tag
    switch (tag & 3) {
        case 0: extra_bytes = tag >= 60 << 2 ? (tag >> 2) - 59U : 0; break;
        case 1: extra_bytes = 1; break;
        case 2: extra_bytes = 2; break;
        default: extra_bytes = 4; break;
    }
    if (in.size() - 1 < extra_bytes) {
        return e;
    }
    std::size_t extra = 0;
    for (std::size_t i = 0; i < extra_bytes; ++i) {
        extra |= std::size_t{to_u8(in[1 + i])} << (8 * i);
    }
    e.is_literal = (tag & 3) == 0;
    e.header_bytes = 1 + extra_bytes;
    if (e.is_literal) {
        e.length = (extra_bytes == 0 ? tag >> 2 : extra) + 1;
    } else if ((tag & 3) == 1) {
        e.length = 4U + ((tag >> 2) & 7U);
        e.offset = std::size_t{tag & 0xe0U} << 3 | extra;
    } else {
        e.length = 1U + (tag >> 2);
        e.offset = extra;
    }
    return e;
}

/// Bytes of the length that starts a block; 0 where it is cut off or too long. The library has refused it already.
std::size_t length_bytes(Bytes in) {
    for (std::size_t i = 0; i < std::min<std::size_t>(in.size(), 5); ++i) {
        if ((to_u8(in[i]) & 0x80) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/// Decodes element by element a block that cannot go to the library: finds out what is wrong with it, and leaves in `out`
/// what comes before the damage. Room follows what comes out. `stated` is the length that the block claims.
Error explain_block(Bytes in, ByteBuffer& out, std::size_t stated, std::size_t limit_bytes) {
    const std::size_t begin = out.size();
    std::size_t at = length_bytes(in);
    while (at < in.size()) {
        const Element e = parse_element(in.subspan(at));
        if (e.header_bytes == 0) {
            return truncated("snappy: the block ends early");
        }
        at += e.header_bytes;
        const std::size_t made = out.size() - begin;
        if (e.length > stated - made) {
            return corrupt(fmt::format("snappy: the block holds more than the {} bytes it states", stated));
        }
        if (!e.is_literal && (e.offset == 0 || e.offset > made)) {
            return corrupt(fmt::format("snappy: copy from {} bytes back after {} bytes", e.offset, made));
        }
        const std::size_t there = e.is_literal ? std::min(e.length, in.size() - at) : e.length;
        const std::size_t length = std::min(there, limit_bytes - out.size());
        make_room(out, out.size() + length, limit_bytes);
        if (e.is_literal) {
            out.append(in.subspan(at, length));
            at += length;
        } else {
            for (std::size_t i = 0; i < length; ++i) {  // byte by byte: a copy may read what it has just written
                out.push_back(out.data()[out.size() - e.offset]);
            }
        }
        if (length < there) {
            return over_limit("snappy", limit_bytes);
        }
        if (there < e.length) {
            return truncated("snappy: the block ends early");
        }
    }
    if (out.size() - begin < stated) {
        return truncated(
            fmt::format("snappy: the block ends early; expected {} bytes, got {}", stated, out.size() - begin));
    }
    return corrupt("snappy: malformed block");
}

/// Appends the content of one block, which is all of `in`.
Result<void> decompress_block(Bytes in, ByteBuffer& out, std::size_t limit_bytes) {
    const char* const compressed = as_text(in).data();
    std::size_t stated = 0;
    if (in.empty() || snappy_uncompressed_length(compressed, in.size(), &stated) != SNAPPY_OK) {
        return in.size() < 5 && length_bytes(in) == 0 ? truncated("snappy: the length ends early")
                                                      : corrupt("snappy: the length is over 32 bits");
    }
    if (stated > in.size() * kMaxRatio || stated > limit_bytes - out.size()) {
        return explain_block(in, out, stated, limit_bytes);
    }
    make_room(out, out.size() + std::max<std::size_t>(stated, 1), limit_bytes);
    std::size_t made = out.capacity() - out.size();
    if (snappy_uncompress(compressed, in.size(), reinterpret_cast<char*>(out.data() + out.size()), &made) != SNAPPY_OK) {
        return explain_block(in, out, stated, limit_bytes);
    }
    out.resize(out.size() + made);
    return {};
}

/// Whether `in` starts as the xerial header does; a cut one counts when some of it is there.
bool starts_as_xerial(Bytes in) {
    for (std::size_t i = 0; i < std::min(in.size(), sizeof kXerialMagic); ++i) {
        if (to_u8(in[i]) != kXerialMagic[i]) {
            return false;
        }
    }
    return !in.empty();
}

Result<void> check_xerial_header(Bytes in) {
    if (in.size() < kXerialHeaderBytes) {
        return truncated("snappy: the xerial header ends early");
    }
    // As snappy-java: a version below the first is refused, and the field after it is not looked at.
    const auto version = static_cast<std::int32_t>(load_be32(in, sizeof kXerialMagic));
    if (version < static_cast<std::int32_t>(kXerialVersion)) {
        return corrupt(fmt::format("snappy: xerial version; expected 1, got {}", version));
    }
    return {};
}

Result<void> decompress_xerial(Bytes in, ByteBuffer& out, std::size_t limit_bytes) {
    out.reserve(std::min(limit_bytes, in.size() * 4));
    for (std::size_t at = 0; at < in.size();) {
        const Bytes rest = in.subspan(at);
        // The header may come again: snappy-java reads streams that were put one after the other.
        if (at == 0 || (rest.size() >= sizeof kXerialMagic && starts_as_xerial(rest))) {
            if (Result<void> header = check_xerial_header(rest); !header) {
                return header;
            }
            at += kXerialHeaderBytes;
            continue;
        }
        if (rest.size() < 4) {
            return truncated("snappy: the block length ends early");
        }
        const std::size_t block_bytes = load_be32(rest, 0);
        if (block_bytes > std::size_t{std::numeric_limits<std::int32_t>::max()}) {
            return corrupt(fmt::format("snappy: block length; got {}", static_cast<std::int32_t>(load_be32(rest, 0))));
        }
        const bool is_cut = block_bytes > rest.size() - 4;
        const Bytes block = rest.subspan(4, is_cut ? rest.size() - 4 : block_bytes);
        if (Result<void> done = decompress_block(block, out, limit_bytes); !done) {
            return done;
        }
        if (is_cut) {
            return truncated("snappy: the block ends early");
        }
        at += 4 + block_bytes;
    }
    return {};
}

/// Appends `in` as one raw block.
void append_block(Bytes in, ByteBuffer& out) {
    std::size_t room = snappy_max_compressed_length(in.size());
    out.reserve_more(room);
    [[maybe_unused]] const snappy_status status =
        snappy_compress(as_text(in).data(), in.size(), reinterpret_cast<char*>(out.data() + out.size()), &room);
    assert(status == SNAPPY_OK);  // it fails for want of room only
    out.resize(out.size() + room);
}

}  // namespace

Result<void> decompress_snappy(Bytes in, ByteBuffer& out, const DecompressOptions& options) {
    // A raw block that starts as the whole magic would be 10,626 bytes long and begin with a literal "APPY": nobody's
    // records. Less than the magic is an error either way, as a raw block of those bytes is cut off too.
    return starts_as_xerial(in) ? decompress_xerial(in, out, options.limit_bytes)
                                : decompress_block(in, out, options.limit_bytes);
}

Result<void> compress_snappy(Bytes in, ByteBuffer& out, const CompressOptions& options) {
    if (options.snappy == SnappyFraming::raw) {
        if (in.size() > kMaxBlockBytes) {
            return Error{.code = Errc::too_large, .what = fmt::format("snappy: {} bytes in one block", in.size())};
        }
        append_block(in, out);
        return {};
    }
    out.append(std::as_bytes(std::span(kXerialMagic)));
    append_be32(out, kXerialVersion);
    append_be32(out, kXerialVersion);
    for (std::size_t at = 0; at < in.size(); at += kXerialBlockBytes) {
        const std::size_t length_at = out.size();
        append_be32(out, 0);
        append_block(in.subspan(at, std::min(kXerialBlockBytes, in.size() - at)), out);
        const auto block_bytes = static_cast<std::uint32_t>(out.size() - length_at - 4);
        for (std::size_t i = 0; i < 4; ++i) {
            out.data()[length_at + i] = static_cast<std::byte>(block_bytes >> (24 - 8 * i));
        }
    }
    return {};
}

}  // namespace kseg::codec
