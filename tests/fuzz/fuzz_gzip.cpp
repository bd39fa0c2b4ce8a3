// SPDX-License-Identifier: Apache-2.0
// Decompresses arbitrary bytes as gzip members; what comes out must survive a round trip. The first byte chooses options.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "kafka/codec/codec.hpp"

using namespace kseg;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLimitBytes = 4 << 20;
    if (size == 0) {
        return 0;
    }
    const Bytes stream = std::as_bytes(std::span(data + 1, size - 1));
    codec::DecompressOptions from;
    codec::CompressOptions to;
    from.limit_bytes = (data[0] & 1) != 0 ? kLimitBytes : 1000;
    to.level = data[0] >> 1 & 7;
    ByteBuffer content;
    static_cast<void>(codec::has_content_checksum(codec::Codec::gzip, stream));
    const bool done = codec::decompress(codec::Codec::gzip, stream, content, from).has_value();
    if (content.size() > from.limit_bytes) {
        std::abort();
    }
    if (!done) {
        return 0;
    }
    ByteBuffer again;
    ByteBuffer round;
    if (!codec::compress(codec::Codec::gzip, content.bytes(), again, to) ||
        !codec::decompress(codec::Codec::gzip, again.bytes(), round, {.limit_bytes = content.size()}) ||
        round.text() != content.text()) {
        std::abort();
    }
    return 0;
}
