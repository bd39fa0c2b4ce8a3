// SPDX-License-Identifier: Apache-2.0
// Decompresses arbitrary bytes as LZ4 frames; what comes out must survive a round trip. The first byte chooses options.
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
    from.lz4_header = (data[0] & 2) != 0 ? codec::Lz4HeaderChecksum::any : codec::Lz4HeaderChecksum::standard;
    to.lz4_linked_blocks = (data[0] & 4) != 0;
    to.level = data[0] >> 3 & 7;
    ByteBuffer content;
    static_cast<void>(codec::has_content_checksum(codec::Codec::lz4, stream));
    const bool done = codec::decompress(codec::Codec::lz4, stream, content, from).has_value();
    if (content.size() > from.limit_bytes) {
        std::abort();
    }
    if (!done) {
        return 0;
    }
    ByteBuffer again;
    ByteBuffer round;
    if (!codec::compress(codec::Codec::lz4, content.bytes(), again, to) ||
        !codec::decompress(codec::Codec::lz4, again.bytes(), round, {.limit_bytes = content.size()}) ||
        round.text() != content.text()) {
        std::abort();
    }
    return 0;
}
