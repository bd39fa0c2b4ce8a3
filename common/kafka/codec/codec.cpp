// SPDX-License-Identifier: Apache-2.0
#include "kafka/codec/codec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kafka/codec/codec_impl.hpp"

namespace kseg::codec {
namespace {

Error unknown_codec(Codec codec) {
    return unsupported(fmt::format("codec {} is not assigned", static_cast<unsigned>(codec)));
}

Result<void> copy(Bytes in, ByteBuffer& out, const DecompressOptions& options) {
    out.append(in.first(std::min(in.size(), options.limit_bytes)));
    if (in.size() > options.limit_bytes) {
        return over_limit("none", options.limit_bytes);
    }
    return {};
}

}  // namespace

std::string_view to_string(Codec codec) {
    switch (codec) {
        case Codec::none: return "none";
        case Codec::gzip: return "gzip";
        case Codec::snappy: return "snappy";
        case Codec::lz4: return "lz4";
        case Codec::zstd: return "zstd";
    }
    return "unknown";
}

Result<void> decompress(Codec codec, Bytes in, ByteBuffer& out, const DecompressOptions& options) {
    out.clear();
    switch (codec) {
        case Codec::none: return copy(in, out, options);
        case Codec::gzip: return decompress_gzip(in, out, options);
        case Codec::snappy: return decompress_snappy(in, out, options);
        case Codec::lz4: return decompress_lz4(in, out, options);
        case Codec::zstd: return decompress_zstd(in, out, options);
    }
    return unknown_codec(codec);
}

Result<void> compress(Codec codec, Bytes in, ByteBuffer& out, const CompressOptions& options) {
    switch (codec) {
        case Codec::none: out.append(in); return {};
        case Codec::gzip: return compress_gzip(in, out, options);
        case Codec::snappy: return compress_snappy(in, out, options);
        case Codec::lz4: return compress_lz4(in, out, options);
        case Codec::zstd: return compress_zstd(in, out, options);
    }
    return unknown_codec(codec);
}

bool has_content_checksum(Codec codec, Bytes in) {
    switch (codec) {
        case Codec::none: return false;
        case Codec::gzip: return has_content_checksum_gzip(in);
        case Codec::snappy: return false;
        case Codec::lz4: return has_content_checksum_lz4(in);
        case Codec::zstd: return has_content_checksum_zstd(in);
    }
    return false;
}

Error over_limit(const char* codec, std::size_t limit_bytes) {
    return {.code = Errc::too_large, .what = fmt::format("{}: more than {} bytes come out", codec, limit_bytes)};
}

Error bad_level(const char* codec, int level, int first, int last) {
    return {.code = Errc::invalid, .what = fmt::format("{}: level; expected {} to {}, got {}", codec, first, last, level)};
}

Error no_memory(const char* codec) {
    return {.code = Errc::io, .what = fmt::format("{}: no memory for the library's state", codec)};
}

}  // namespace kseg::codec
