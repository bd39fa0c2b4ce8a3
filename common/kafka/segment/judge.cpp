// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/judge.hpp"

#include <algorithm>
#include <utility>

#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::segment {
namespace {

using record::CrcCause;

constexpr double kCrcValues = 4294967296.0;
constexpr double kMostChance = 1e-3;

/// Whether the body carries a checksum of its own; that it is right, parsing has shown.
bool has_own_checksum(const record::BatchView& batch) {
    const record::BatchHeader& h = batch.header();
    if (h.codec_id() == 0 || !h.has_known_codec()) {
        return false;
    }
    Bytes stream = batch.body();
    if (h.is_legacy()) {
        wire::Reader in(stream);
        in.i32_bytes();
        stream = in.i32_bytes().value_or(Bytes{});
    }
    return !stream.empty() && codec::has_content_checksum(h.codec(), stream);
}

}  // namespace

bool chance_is_small(std::uint64_t bits) {
    return static_cast<double>(bits) / kCrcValues < kMostChance;
}

std::string_view to_string(MendAction action) {
    switch (action) {
        case MendAction::recomputed: return "recomputed";
        case MendAction::bit_flipped_back: return "bit_flipped_back";
        case MendAction::kept: return "kept";
        case MendAction::dropped: return "dropped";
    }
    return "kept";
}

bool Judge::parses(const record::BatchView& batch) {
    reader_.open(batch);
    record::RecordView record;
    while (reader_.next(record)) {
    }
    return reader_.problem() == record::Problem::none;
}

void Judge::recompute(const record::BatchView& batch, std::uint32_t crc_computed, ByteBuffer& mended) {
    mended.clear();
    mended.append(batch.bytes());
    wire::store_big(mended.data() + record::crc_at(batch.header().magic), crc_computed);
}

/// Flips a bit that explains the CRC, where that leaves a batch that parses.
/// body_vouched   the body's own checksum is right as it is: the bit can only be one of the header
bool Judge::flip_back(const record::BatchView& batch, std::uint64_t bit, bool body_vouched, ByteBuffer& mended) {
    const std::uint64_t header_bits = 8 * record::header_bytes(batch.header().magic);
    if (!chance_is_small(8 * std::uint64_t{batch.bytes().size()}) && !(body_vouched && bit < header_bits)) {
        return false;
    }
    mended.clear();
    mended.append(batch.bytes());
    mended.data()[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto view = record::BatchView::parse(mended.bytes(), batch.position());
    if (view && view->compute_crc() == view->header().crc && parses(*view)) {
        return true;
    }
    mended.clear();
    return false;
}

Judgement Judge::judge(const record::BatchView& batch, std::uint32_t crc_computed, std::vector<CrcCause> recipes,
                       ByteBuffer& mended) {
    mended.clear();
    const std::int8_t magic = batch.header().magic;
    Judgement judgement{.causes = std::move(recipes), .action = MendAction::kept};
    for (const CrcCause& cause : record::explain_by_bit(batch, crc_computed)) {
        judgement.causes.push_back(cause);
    }
    const bool body_parses = parses(batch);
    judgement.body_parses = body_parses;
    const bool body_vouched = body_parses && has_own_checksum(batch);
    // The first cause that is credible is the cause; without one, the first that fits.
    for (auto cause = judgement.causes.begin(); cause != judgement.causes.end(); ++cause) {
        const bool body_bit = cause->kind == CrcCause::Kind::single_bit && !record::is_crc_bit(cause->bit, magic);
        if (body_bit ? !flip_back(batch, cause->bit, body_vouched, mended) : !body_parses) {
            continue;
        }
        if (!body_bit) {
            recompute(batch, crc_computed, mended);
        }
        judgement.action = body_bit ? MendAction::bit_flipped_back : MendAction::recomputed;
        std::rotate(judgement.causes.begin(), cause, cause + 1);
        return judgement;
    }
    if (judgement.causes.empty()) {
        judgement.causes.emplace_back();
    }
    if (body_vouched) {
        recompute(batch, crc_computed, mended);
        judgement.action = MendAction::recomputed;
    }
    return judgement;
}

}  // namespace kseg::segment
