// SPDX-License-Identifier: Apache-2.0
#include "kafka/codec/stream.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

#include "kafka/codec/codec_impl.hpp"

namespace kseg::codec {
namespace {

constexpr std::size_t kMaxStepBytes = std::size_t{1} << 30;  // what fits zlib's 32-bit counters

class GzipStream final : public StreamDecompressor {
  public:
    GzipStream() : ok_(inflateInit2(&zlib_, kGzip) == Z_OK) {}
    GzipStream(const GzipStream&) = delete;
    GzipStream& operator=(const GzipStream&) = delete;
    ~GzipStream() override { inflateEnd(&zlib_); }

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool may_end() const override { return place_ == Place::after_member || place_ == Place::padding; }

    Result<Step> step(Bytes in, std::span<std::byte> out) override {
        // Tapes and block devices fill up with zeros, which gzip passes over too.
        if (place_ == Place::padding || (place_ == Place::after_member && to_u8(in[0]) == 0)) {
            place_ = Place::padding;
            if (std::any_of(in.begin(), in.end(), [](std::byte b) { return to_u8(b) != 0; })) {
                return corrupt("gzip: bytes follow the last member");
            }
            return Step{.used = in.size(), .made = 0};
        }
        if (place_ == Place::after_member) {
            if (to_u8(in[0]) != kFirstByte) {
                return corrupt("gzip: bytes follow the last member");
            }
            if (inflateReset(&zlib_) != Z_OK) {
                return no_memory("gzip");
            }
        }
        place_ = Place::in_member;
        const auto in_step = static_cast<uInt>(std::min(in.size(), kMaxStepBytes));
        const auto out_step = static_cast<uInt>(std::min(out.size(), kMaxStepBytes));
        // zlib reads only, but its type says otherwise unless ZLIB_CONST is set before every include of it.
        zlib_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
        zlib_.avail_in = in_step;
        zlib_.next_out = reinterpret_cast<Bytef*>(out.data());
        zlib_.avail_out = out_step;
        const int result = inflate(&zlib_, Z_NO_FLUSH);
        if (result == Z_STREAM_END) {
            place_ = Place::after_member;
        } else if (result == Z_MEM_ERROR) {
            return no_memory("gzip");
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return corrupt(fmt::format("gzip: {}", zlib_.msg != nullptr ? zlib_.msg : "the stream is damaged"));
        }
        return Step{.used = in_step - zlib_.avail_in, .made = out_step - zlib_.avail_out};
    }

  private:
    static constexpr int kGzip = 16 + MAX_WBITS;      // zlib's way of asking for gzip's header and trailer
    static constexpr std::uint8_t kFirstByte = 0x1f;  // of a member
    enum class Place : std::uint8_t { begin, in_member, after_member, padding };
    z_stream zlib_{};
    Place place_ = Place::begin;
    bool ok_;
};

class ZstdStream final : public StreamDecompressor {
  public:
    ZstdStream() : context_(ZSTD_createDStream()) {}
    ZstdStream(const ZstdStream&) = delete;
    ZstdStream& operator=(const ZstdStream&) = delete;
    ~ZstdStream() override { ZSTD_freeDStream(context_); }

    [[nodiscard]] bool ok() const { return context_ != nullptr; }
    [[nodiscard]] bool may_end() const override { return after_frame_; }

    Result<Step> step(Bytes in, std::span<std::byte> out) override {
        ZSTD_inBuffer from{.src = in.data(), .size = in.size(), .pos = 0};
        ZSTD_outBuffer to{.dst = out.data(), .size = out.size(), .pos = 0};
        const std::size_t result = ZSTD_decompressStream(context_, &to, &from);
        if (ZSTD_isError(result) != 0) {
            const ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
            if (code == ZSTD_error_memory_allocation) {
                return no_memory("zstd");
            }
            const bool unknown = code == ZSTD_error_frameParameter_windowTooLarge || code == ZSTD_error_dictionary_wrong;
            return Error{.code = unknown ? Errc::unsupported : Errc::corrupt,
                         .what = fmt::format("zstd: {}", ZSTD_getErrorName(result))};
        }
        after_frame_ = result == 0;
        return Step{.used = from.pos, .made = to.pos};
    }

  private:
    ZSTD_DStream* context_;
    bool after_frame_ = false;
};

template <typename Stream>
Result<std::unique_ptr<StreamDecompressor>> open_as(const char* codec) {
    auto stream = std::make_unique<Stream>();
    if (!stream->ok()) {
        return no_memory(codec);
    }
    return std::unique_ptr<StreamDecompressor>(std::move(stream));
}

}  // namespace

Result<std::unique_ptr<StreamDecompressor>> open_stream(Codec codec) {
    assert(codec == Codec::gzip || codec == Codec::zstd);
    return codec == Codec::gzip ? open_as<GzipStream>("gzip") : open_as<ZstdStream>("zstd");
}

}  // namespace kseg::codec
