// SPDX-License-Identifier: Apache-2.0
// A segment of arbitrary bytes. The first byte chooses how the source hands them out, and whether the CRCs of what looks
// like batches are made right first.
#include <optional>
#include <string>
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
    std::uint32_t crc;
    std::string gap;  // its reason in words

    friend bool operator==(const Step&, const Step&) = default;
};

/// How the bytes are handed out.
struct Pieces {
    std::size_t source;
    std::size_t window;
    bool peeks;
};

std::vector<Step> walk(Bytes all, const Pieces& pieces, std::uint64_t max_batch_bytes) {
    test::PieceSource source(all, pieces.source, pieces.peeks);
    io::Window window(source, {}, pieces.window);
    segment::SegmentCursor cursor(window, {}, {.max_batch_bytes = max_batch_bytes});
    std::vector<Step> steps;
    std::uint64_t at = 0;
    for (;;) {
        const auto item = cursor.next();
        fuzz::require(item.has_value());
        if (item->outcome == segment::Outcome::end) {
            break;
        }
        fuzz::require(item->position.value == at && item->size > 0);
        Step step{.outcome = item->outcome, .position = at, .size = item->size, .valid = false, .crc = 0, .gap = {}};
        if (item->outcome == segment::Outcome::batch) {
            fuzz::require(as_text(item->batch.bytes()) == as_text(all.subspan(at, item->size)));
            step.valid = item->crc_valid;
            step.crc = item->crc_computed;
        } else {
            step.gap = std::string(to_string(item->reason)) + ' ' + item->describe_gap();
        }
        at += item->size;
        fuzz::require(cursor.position().value == at);
        steps.push_back(std::move(step));
    }
    fuzz::require(at == all.size() && cursor.next()->outcome == segment::Outcome::end);
    return steps;
}

void check_crcs(Bytes all, const std::vector<Step>& steps) {
    for (const Step& step : steps) {
        if (step.outcome != segment::Outcome::batch) {
            continue;
        }
        const Bytes batch = all.subspan(step.position, step.size);
        const bool legacy = to_u8(batch[16]) < 2;
        const std::uint32_t crc =
            legacy ? slow_crc(0xedb88320, batch.subspan(16)) : slow_crc(0x82f63b78, batch.subspan(21));
        const auto stored = wire::load_big<std::uint32_t>(batch.data() + (legacy ? 12 : 17));
        fuzz::require(step.crc == crc && step.valid == (crc == stored));
    }
}

/// Makes right the CRC of two in three places that could be a batch.
void restamp(ByteBuffer& all, std::uint8_t seed) {
    for (std::size_t at = 0; at + record::kMessageV0Bytes <= all.size(); ++at) {
        const auto length = wire::load_big<std::int32_t>(all.data() + at + 8);
        const std::uint8_t magic = to_u8(all.data()[at + record::kMagicAt]);
        const std::size_t least = magic > 2 ? SIZE_MAX : record::header_bytes(static_cast<std::int8_t>(magic));
        if (length < 0 || static_cast<std::size_t>(length) + record::kLengthFieldEnd < least ||
            static_cast<std::size_t>(length) > all.size() - at - record::kLengthFieldEnd) {
            continue;
        }
        if ((at + seed) % 3 != 0) {
            const std::size_t size = record::kLengthFieldEnd + static_cast<std::size_t>(length);
            const std::size_t cover = record::crc_cover_at(static_cast<std::int8_t>(magic));
            const Bytes covered = all.bytes().subspan(at + cover, size - cover);
            wire::store_big(all.data() + at + (magic == 2 ? record::kCrcAt : record::kLegacyCrcAt),
                            crc(record::crc_kind(static_cast<std::int8_t>(magic)), covered));
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
    // The larger limit lets in lengths that are looked up before room is made for them.
    const std::uint64_t max_batch_bytes = std::uint64_t{1} << ((data[0] & 0x80) != 0 ? 30 : 20);
    const Pieces small{
        .source = 1U + (data[0] >> 1 & 7), .window = 64U << (data[0] >> 5 & 3), .peeks = (data[0] & 16) != 0};
    const auto whole = walk(all.bytes(), {all.size() + 1, std::size_t{1} << 20, !small.peeks}, max_batch_bytes);
    check_crcs(all.bytes(), whole);
    fuzz::require(walk(all.bytes(), small, max_batch_bytes) == whole);
    return 0;
}
