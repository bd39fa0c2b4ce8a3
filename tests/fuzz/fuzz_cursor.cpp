// SPDX-License-Identifier: Apache-2.0
// A segment of arbitrary bytes. The first byte chooses how the source hands them out, and whether the CRCs of what looks
// like batches are made right first.
#include <algorithm>
#include <vector>

#include "base/crc.hpp"
#include "fuzz_support.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"
#include "support/piece_source.hpp"

using namespace kseg;

namespace {

/// CRC bit by bit, as a second opinion.
std::uint32_t slow_crc(std::uint32_t poly, Bytes bytes) {
    std::uint32_t crc = ~0U;
    for (const std::byte b : bytes) {
        crc ^= to_u8(b);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? poly : 0);
        }
    }
    return ~crc;
}

struct Step {
    segment::Outcome outcome;
    std::uint64_t position;
    std::uint64_t size;
    bool valid;
    segment::GapReason reason;

    friend bool operator==(const Step&, const Step&) = default;
};

std::vector<Step> walk(Bytes all, std::size_t piece, std::size_t window_piece, bool peeks) {
    test::PieceSource source(all, piece, peeks);
    io::Window window(source, {}, window_piece);
    segment::SegmentCursor cursor(window, {}, {.max_batch_bytes = std::uint64_t{1} << 20});
    std::vector<Step> steps;
    std::uint64_t at = 0;
    for (;;) {
        const auto item = cursor.next();
        fuzz::require(item.has_value());
        if (item->outcome == segment::Outcome::end) {
            break;
        }
        fuzz::require(item->position.value == at && item->size > 0);
        if (item->outcome == segment::Outcome::batch) {
            const record::BatchHeader& header = item->batch.header();
            const Bytes bytes = item->batch.bytes();
            fuzz::require(as_text(bytes) == as_text(all.subspan(at, item->size)));
            const std::uint32_t crc =
                header.magic == 2 ? slow_crc(0x82f63b78, bytes.subspan(21)) : slow_crc(0xedb88320, bytes.subspan(16));
            fuzz::require(item->crc_computed == crc && item->crc_valid == (crc == header.crc));
        }
        at += item->size;
        const bool is_batch = item->outcome == segment::Outcome::batch;
        steps.push_back({item->outcome, item->position.value, item->size, item->crc_valid,
                         is_batch ? segment::GapReason{} : item->reason});
    }
    fuzz::require(at == all.size());
    return steps;
}

/// Makes right the CRC of every third place that could be a batch.
void restamp(ByteBuffer& all, std::uint8_t seed) {
    for (std::size_t at = 0; at + record::kBatchHeaderBytes <= all.size(); ++at) {
        const auto length = wire::load_big<std::int32_t>(all.data() + at + 8);
        if (to_u8(all.data()[at + record::kMagicAt]) != 2 || length < 49 ||
            static_cast<std::size_t>(length) > all.size() - at - 12) {
            continue;
        }
        if ((at + seed) % 3 != 0) {
            const std::size_t size = record::kLengthFieldEnd + static_cast<std::size_t>(length);
            wire::store_big(all.data() + at + record::kCrcAt,
                            crc32c(all.bytes().subspan(at + record::kCrcCoverAt, size - record::kCrcCoverAt)));
        }
        at += record::kFrameBytes;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    ByteBuffer all(fuzz::bytes_of(data + 1, size - 1));
    if ((data[0] & 1) != 0) {
        restamp(all, data[0] >> 4);
    }
    const auto whole = walk(all.bytes(), all.size() + 1, std::size_t{1} << 20, true);
    fuzz::require(walk(all.bytes(), 1U + (data[0] >> 1 & 7), 64U << (data[0] >> 5 & 3), (data[0] & 16) != 0) == whole);
    return 0;
}
