// SPDX-License-Identifier: Apache-2.0
// gzip: members of RFC 1952, one after the other. libdeflate inflates, as it is more than twice as fast as zlib but decodes
// whole members only and does not say what is wrong; zlib takes over where libdeflate refuses, and deflates as Java does.
#include <fmt/format.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "base/crc.hpp"
#include "kafka/codec/codec_impl.hpp"

namespace kseg::codec {
namespace {

constexpr std::size_t kHeaderBytes = 10;      // magic 2, method, flags, mtime 4, extra flags, system
constexpr std::size_t kTrailerBytes = 4 + 4;  // CRC-32 and length of the content
constexpr std::uint8_t kMagic[] = {0x1f, 0x8b};
constexpr std::uint8_t kMethodDeflate = 8;
constexpr std::uint8_t kFlagHeaderCrc = 0x02;
constexpr std::uint8_t kFlagExtra = 0x04;
constexpr std::uint8_t kFlagName = 0x08;
constexpr std::uint8_t kFlagComment = 0x10;
constexpr std::uint8_t kFlagsReserved = 0xe0;

// Deflate's best: a copy of 258 bytes in two bits.
constexpr std::size_t kMaxRatio = 258 * 8 / 2;
constexpr std::size_t kMinRoomBytes = 64;

constexpr int kRawDeflate = -MAX_WBITS;   // zlib's way of asking for a stream without header and trailer
constexpr int kMemLevel = 8;              // zlib's default, and Java's
constexpr uInt kMaxStepBytes = 1U << 30;  // what fits zlib's 32-bit counters

struct FreeDecompressor {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

bool starts_as_member(Bytes in) {
    for (std::size_t i = 0; i < std::min(in.size(), sizeof kMagic); ++i) {
        if (to_u8(in[i]) != kMagic[i]) {
            return false;
        }
    }
    return true;
}

/// Bytes of the header that starts a member; checks its CRC where it has one.
Result<std::size_t> parse_header(Bytes in) {
    if (!starts_as_member(in)) {
        return corrupt(fmt::format("gzip: magic; expected 0x1f8b, got 0x{:02x}{:02x}", to_u8(in[0]),
                                   in.size() > 1 ? to_u8(in[1]) : 0));
    }
    const Error cut = truncated("gzip: the member header ends early");
    if (in.size() < kHeaderBytes) {
        return cut;
    }
    const std::uint8_t flags = to_u8(in[3]);
    if (to_u8(in[2]) != kMethodDeflate) {
        return corrupt(fmt::format("gzip: method; expected 8, got {}", to_u8(in[2])));
    }
    if ((flags & kFlagsReserved) != 0) {
        return corrupt(fmt::format("gzip: reserved flags are set; got 0x{:02x}", flags));
    }
    std::size_t at = kHeaderBytes;
    if ((flags & kFlagExtra) != 0) {
        if (in.size() - at < 2 || in.size() - at - 2 < load_le<std::uint16_t>(in, at)) {
            return cut;
        }
        at += 2U + load_le<std::uint16_t>(in, at);
    }
    for (const std::uint8_t text : {kFlagName, kFlagComment}) {
        if ((flags & text) != 0) {
            const auto end = std::find(in.begin() + static_cast<std::ptrdiff_t>(at), in.end(), std::byte{0});
            if (end == in.end()) {
                return cut;
            }
            at = static_cast<std::size_t>(end - in.begin()) + 1;
        }
    }
    if ((flags & kFlagHeaderCrc) != 0) {
        if (in.size() - at < 2) {
            return cut;
        }
        const auto stored = load_le<std::uint16_t>(in, at);
        const auto made = static_cast<std::uint16_t>(crc32_ieee(in.first(at)));
        if (stored != made) {
            return corrupt(fmt::format("gzip: header checksum; expected 0x{:04x}, got 0x{:04x}", made, stored));
        }
        at += 2;
    }
    return at;
}

/// Inflates with libdeflate, from the start again each time that the room was too small. Returns the bytes of `in` used, or
/// nothing where libdeflate refuses, for whatever reason; `out` is then as before.
std::optional<std::size_t> inflate_whole(Bytes in, ByteBuffer& out, std::size_t limit_bytes) {
    // Each thread keeps one: its tables are 30 KiB, too much to make for each small batch.
    thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
        libdeflate_alloc_decompressor());
    if (!decompressor) {
        return std::nullopt;
    }
    const std::size_t begin = out.size();
    const std::size_t most = std::min(limit_bytes, begin + in.size() * kMaxRatio + kMinRoomBytes);
    for (;;) {
        const std::size_t end = std::min(out.capacity(), most);
        std::size_t used = 0;
        std::size_t made = 0;
        const libdeflate_result result = libdeflate_deflate_decompress_ex(decompressor.get(), in.data(), in.size(),
                                                                          out.data() + begin, end - begin, &used, &made);
        if (result == LIBDEFLATE_SUCCESS) {
            out.resize(begin + made);
            return used;
        }
        if (result != LIBDEFLATE_INSUFFICIENT_SPACE || end == most) {
            return std::nullopt;
        }
        make_room(out, end + 1, most);
    }
}

/// Owns the state of one inflation by zlib.
class Inflater {
  public:
    Inflater() : ok_(inflateInit2(&stream_, kRawDeflate) == Z_OK) {}
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    [[nodiscard]] bool ok() const { return ok_; }
    z_stream* operator->() { return &stream_; }
    int step() { return inflate(&stream_, Z_NO_FLUSH); }

  private:
    z_stream stream_{};
    bool ok_;
};

/// Inflates with zlib as far as it goes: finds out why libdeflate refused, and leaves in `out` what comes before the
/// damage.
Result<std::size_t> inflate_stepwise(Bytes in, ByteBuffer& out, std::size_t limit_bytes) {
    Inflater zlib;
    if (!zlib.ok()) {
        return no_memory("gzip");
    }
    std::size_t used = 0;
    for (;;) {
        if (out.size() < limit_bytes) {
            make_room(out, out.size() + 1, limit_bytes);
        }
        // At the limit one more byte of room, outside `out`, tells a stream that ends there from one that goes on.
        Bytef probe = 0;
        const std::size_t room = std::min(out.capacity(), limit_bytes) - out.size();
        const auto step_in = static_cast<uInt>(std::min<std::size_t>(in.size() - used, kMaxStepBytes));
        const auto step_out = room == 0 ? 1U : static_cast<uInt>(std::min<std::size_t>(room, kMaxStepBytes));
        // zlib reads only, but its type says otherwise unless ZLIB_CONST is set before every include of it.
        zlib->next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data() + used));
        zlib->avail_in = step_in;
        zlib->next_out = room == 0 ? &probe : reinterpret_cast<Bytef*>(out.data() + out.size());
        zlib->avail_out = step_out;
        const int status = zlib.step();
        const std::size_t made = step_out - zlib->avail_out;
        used += step_in - zlib->avail_in;
        if (made != 0 && room == 0) {
            return over_limit("gzip", limit_bytes);
        }
        out.resize(out.size() + made);
        if (status == Z_STREAM_END) {
            return used;
        }
        if (status == Z_MEM_ERROR) {
            return no_memory("gzip");
        }
        if (status != Z_OK && status != Z_BUF_ERROR) {
            return corrupt(fmt::format("gzip: {}", zlib->msg != nullptr ? zlib->msg : "malformed deflate stream"));
        }
        if (used == in.size() && zlib->avail_out != 0) {
            return truncated("gzip: the deflate stream ends early");
        }
    }
}

/// Appends the content of the member that starts `in`; returns the member's bytes.
Result<std::size_t> decompress_member(Bytes in, ByteBuffer& out, std::size_t limit_bytes) {
    const Result<std::size_t> header_bytes = parse_header(in);
    if (!header_bytes) {
        return header_bytes.error();
    }
    const std::size_t begin = out.size();
    const Bytes body = in.subspan(*header_bytes);
    std::optional<std::size_t> used = inflate_whole(body, out, limit_bytes);
    if (!used) {
        const Result<std::size_t> slowly = inflate_stepwise(body, out, limit_bytes);
        if (!slowly) {
            return slowly.error();
        }
        used = *slowly;
    }
    const Bytes trailer = body.subspan(*used);
    if (trailer.size() < kTrailerBytes) {
        return truncated("gzip: the member trailer ends early");
    }
    const Bytes content = out.bytes().subspan(begin);
    const auto stored_crc = load_le<std::uint32_t>(trailer, 0);
    const std::uint32_t made_crc = crc32_ieee(content);
    if (stored_crc != made_crc) {
        return corrupt(fmt::format("gzip: checksum; expected 0x{:08x}, got 0x{:08x}", made_crc, stored_crc));
    }
    const auto stored_size = load_le<std::uint32_t>(trailer, 4);
    if (stored_size != static_cast<std::uint32_t>(content.size())) {  // the format keeps the length modulo 2^32
        return corrupt(fmt::format("gzip: length; expected {}, got {}", content.size(), stored_size));
    }
    return *header_bytes + *used + kTrailerBytes;
}

/// Room to begin with: what the last member says it holds, as far as `in` can give so much, or four times `in`.
std::size_t first_room(Bytes in, std::size_t limit_bytes) {
    const std::size_t stated = in.size() >= kTrailerBytes ? load_le<std::uint32_t>(in, in.size() - 4) : 0;
    const std::size_t possible = std::min(limit_bytes, in.size() * kMaxRatio);
    return std::max(kMinRoomBytes, std::min(possible, std::max(stated, in.size() * 4)));
}

}  // namespace

Result<void> decompress_gzip(Bytes in, ByteBuffer& out, const DecompressOptions& options) {
    out.reserve(first_room(in, options.limit_bytes));
    std::size_t at = 0;
    do {
        const Bytes rest = in.subspan(at);
        // Java's reader ignores what follows the last member. Here it is an error, so that no byte goes unexplained.
        if (at != 0 && !starts_as_member(rest)) {
            return corrupt(fmt::format("gzip: {} bytes after the last member", rest.size()));
        }
        const Result<std::size_t> member_bytes = decompress_member(rest, out, options.limit_bytes);
        if (!member_bytes) {
            return member_bytes.error();
        }
        at += *member_bytes;
    } while (at < in.size());
    return {};
}

Result<void> compress_gzip(Bytes in, ByteBuffer& out, const CompressOptions& options) {
    const int level = options.level.value_or(Z_DEFAULT_COMPRESSION);
    if (level < Z_DEFAULT_COMPRESSION || level > Z_BEST_COMPRESSION) {
        return bad_level("gzip", level, Z_DEFAULT_COMPRESSION, Z_BEST_COMPRESSION);
    }
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, kRawDeflate, kMemLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
        return no_memory("gzip");
    }
    // What java.util.zip.GZIPOutputStream writes since Java 16: no time, no extra flags, system 255 (unknown).
    constexpr std::uint8_t kHeader[kHeaderBytes] = {0x1f, 0x8b, kMethodDeflate, 0, 0, 0, 0, 0, 0, 0xff};
    out.append(std::as_bytes(std::span(kHeader)));
    std::size_t used = 0;
    for (int status = Z_OK; status != Z_STREAM_END;) {
        make_room(out, out.size() + deflateBound(&stream, in.size() - used), std::numeric_limits<std::size_t>::max());
        const auto step_in = static_cast<uInt>(std::min<std::size_t>(in.size() - used, kMaxStepBytes));
        const auto step_out = static_cast<uInt>(std::min<std::size_t>(out.capacity() - out.size(), kMaxStepBytes));
        stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data() + used));
        stream.avail_in = step_in;
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + out.size());
        stream.avail_out = step_out;
        status = deflate(&stream, used + step_in == in.size() ? Z_FINISH : Z_NO_FLUSH);
        assert(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR);
        used += step_in - stream.avail_in;
        out.resize(out.size() + (step_out - stream.avail_out));
    }
    deflateEnd(&stream);
    append_le32(out, crc32_ieee(in));
    append_le32(out, static_cast<std::uint32_t>(in.size()));
    return {};
}

bool has_content_checksum_gzip(Bytes in) {
    return !in.empty() && parse_header(in).has_value();
}

}  // namespace kseg::codec
