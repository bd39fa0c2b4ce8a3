// SPDX-License-Identifier: Apache-2.0
// Streams of any length, decompressed step by step in bounded memory: gzip with several members, zstd with several frames.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/codec/codec.hpp"

namespace kseg::codec {

class StreamDecompressor {
  public:
    struct Step {
        std::size_t used = 0;  ///< bytes of the input
        std::size_t made = 0;  ///< bytes of the output
    };

    StreamDecompressor() = default;
    StreamDecompressor(const StreamDecompressor&) = delete;
    StreamDecompressor& operator=(const StreamDecompressor&) = delete;
    virtual ~StreamDecompressor() = default;

    /// Takes some of `in` and gives some of the stream; neither is empty. Both numbers are 0 only where more input is
    /// needed than there is. Verifies the checksums that the stream holds as it comes to them. errors   corrupt,
    /// unsupported, io   as decompress(); nothing more can be read then
    virtual Result<Step> step(Bytes in, std::span<std::byte> out) = 0;

    /// Whether the stream may end where the input has been read to.
    [[nodiscard]] virtual bool may_end() const = 0;
};

/// A decompressor at the begin of a stream.
/// codec    gzip or zstd
/// errors   io   no memory for the library's own state
Result<std::unique_ptr<StreamDecompressor>> open_stream(Codec codec);

}  // namespace kseg::codec
