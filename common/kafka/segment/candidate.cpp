// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/candidate.hpp"

#include <utility>

#include "kafka/segment/frame.hpp"

namespace kseg::segment {

using record::BatchView;
using record::CrcCause;

Result<std::optional<Candidate>> CandidateFinder::find_recipe(FileOffset at, ByteBuffer& mended) {
    auto bytes = window_.ensure(at, record::kFrameBytes);
    if (!bytes) {
        return bytes.error();
    }
    if (bytes->size() < record::kFrameBytes) {
        return std::optional<Candidate>{};
    }
    const Frame frame = Frame::of(bytes->data());
    if (!frame.known_magic() || !frame.length_can_be() || static_cast<std::uint64_t>(frame.size) > cursor_.search_limit()) {
        return std::optional<Candidate>{};
    }
    bytes = window_.ensure(at, static_cast<std::size_t>(frame.size));
    if (!bytes) {
        return bytes.error();
    }
    auto candidate = stated(at, *bytes);
    if (!candidate || candidate->item.crc_valid) {
        return std::optional<Candidate>{};
    }
    auto causes = recipes_of(candidate->item);
    if (causes.empty() || causes.back().kind == CrcCause::Kind::zero_crc) {
        return std::optional<Candidate>{};
    }
    candidate->judgement = judge_.judge(candidate->item.batch, candidate->item.crc_computed, std::move(causes), mended);
    return candidate->judgement.action == MendAction::kept ? std::nullopt : std::move(candidate);
}

std::vector<CrcCause> CandidateFinder::recipes_of(const Item& item) {
    const std::int8_t magic = item.batch.header().magic;
    const std::size_t cover = record::crc_cover_at(magic);
    const std::uint32_t other =
        crcs_.of(record::other_crc_kind(magic), item.position + cover, item.batch.bytes().subspan(cover));
    return record::explain_by_recipe(item.batch, item.crc_computed, other);
}

Result<std::optional<Candidate>> CandidateFinder::find(FileOffset at, const std::optional<Item>& item, ByteBuffer& mended) {
    std::optional<Candidate> candidate;
    if (item && item->outcome == Outcome::batch) {
        candidate = Candidate{*item, judge_.judge(item->batch, item->crc_computed, recipes_of(*item), mended)};
        if (candidate->judgement.action != MendAction::kept) {
            return candidate;
        }
    }
    const auto bytes = window_.ensure(at, static_cast<std::size_t>(cursor_.search_limit()));
    if (!bytes) {
        return bytes.error();
    }
    // A gap whose end is known already has an unknown magic: its length alone says nothing.
    auto found = item ? flipped(at, *bytes, mended) : explained(at, *bytes, mended);
    if (!found && !item) {
        return leading_to_explained(at, mended);
    }
    return found ? std::move(found) : std::move(candidate);
}

/// The batch that begins `bytes`, where its length leads nowhere but something explains its CRC, its length or its
/// magic.
std::optional<Candidate> CandidateFinder::explained(FileOffset at, Bytes bytes, ByteBuffer& mended) {
    auto candidate = stated(at, bytes);
    if (candidate) {
        const Item& item = candidate->item;
        auto recipes = recipes_of(item);
        // Cheap questions first: in random bytes many lengths reach far.
        if (!recipes.empty() ||
            (chance_is_small(8 * item.size) && !record::explain_by_bit(item.batch, item.crc_computed).empty())) {
            candidate->judgement = judge_.judge(item.batch, item.crc_computed, std::move(recipes), mended);
            if (candidate->judgement.action != MendAction::kept) {
                return candidate;
            }
        }
    }
    return flipped(at, bytes, mended);
}

/// The batch that begins `bytes` as its length and magic say.
std::optional<Candidate> CandidateFinder::stated(FileOffset at, Bytes bytes) {
    if (bytes.size() < record::kFrameBytes) {
        return std::nullopt;
    }
    const Frame frame = Frame::of(bytes.data());
    if (!frame.known_magic() || !frame.length_can_be() || static_cast<std::uint64_t>(frame.size) > bytes.size()) {
        return std::nullopt;
    }
    const auto batch = BatchView::parse(bytes.first(static_cast<std::size_t>(frame.size)), at);
    if (!batch) {
        return std::nullopt;
    }
    const std::size_t cover = record::crc_cover_at(frame.magic);
    const std::uint32_t computed = crcs_.of(record::crc_kind(frame.magic), at + cover, batch->bytes().subspan(cover));
    return Candidate{{.outcome = Outcome::batch,
                      .position = at,
                      .size = batch->bytes().size(),
                      .batch = *batch,
                      .crc_valid = computed == batch->header().crc,
                      .crc_computed = computed},
                     {.causes = {{}}, .action = MendAction::kept}};
}

std::optional<Candidate> CandidateFinder::flipped(FileOffset at, Bytes bytes, ByteBuffer& mended) {
    const auto bit = flips_.find(at, bytes, mended);
    if (!bit) {
        return std::nullopt;
    }
    const auto batch = BatchView::parse(mended.bytes(), at);
    return Candidate{
        {.outcome = Outcome::batch,
         .position = at,
         .size = mended.size(),
         .batch = *batch,
         .crc_valid = true,
         .crc_computed = batch->header().crc},
        {.causes = {{.kind = CrcCause::Kind::single_bit, .bit = *bit}}, .action = MendAction::bit_flipped_back}};
}

/// The batch at `at`, unexplained, where its length leads to one that is explained: without this that one would be lost
/// in the gap. A good batch inside says that the length reaches too far.
Result<std::optional<Candidate>> CandidateFinder::leading_to_explained(FileOffset at, ByteBuffer& mended) {
    const auto limit = static_cast<std::size_t>(cursor_.search_limit());
    auto bytes = window_.ensure(at, limit);
    if (!bytes) {
        return bytes.error();
    }
    auto candidate = stated(at, *bytes);
    if (!candidate ||
        !explained(at + candidate->item.size, bytes->subspan(static_cast<std::size_t>(candidate->item.size)), mended)) {
        return std::optional<Candidate>{};
    }
    const auto hides = cursor_.hides_good_batch(at, candidate->item.size);
    if (!hides) {
        return hides.error();
    }
    bytes = window_.ensure(at, limit);  // looking may have moved it
    if (*hides || !bytes) {
        return bytes ? Result<std::optional<Candidate>>(std::nullopt) : bytes.error();
    }
    mended.clear();
    candidate = stated(at, *bytes);
    candidate->judgement.body_parses = judge_.parses(candidate->item.batch);
    return candidate;
}

}  // namespace kseg::segment
