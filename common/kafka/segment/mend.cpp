// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/mend.hpp"

#include <algorithm>

#include "base/crc.hpp"
#include "io/window.hpp"
#include "kafka/segment/frame_flip.hpp"
#include "kafka/segment/mend_output.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::segment {
namespace {

using record::BatchView;
using record::CrcCause;

class Mender {
  public:
    Mender(io::ByteSource& source, const MendOptions& options, const MendOutputs& outputs)
        : options_(options),
          outputs_(outputs),
          window_(source, {}),
          cursor_(window_, {}, {.max_batch_bytes = options.max_batch_bytes}),
          judge_(options.max_batch_bytes),
          flips_(judge_),
          editor_(options.edits, options.max_batch_bytes),
          output_(outputs.mended),
          rejects_(outputs.rejects) {}

    Result<MendTotals> run() {
        for (bool more = true; more;) {
            const auto run = cursor_.next_run();
            if (!run) {
                return run.error();
            }
            auto done = run->bytes.empty() ? damage() : good_run(*run);
            if (!done) {
                return done.error();
            }
            more = *done;
            if (outputs_.progress) {
                outputs_.progress(cursor_.position().value);
            }
        }
        for (MendOutput* const output : {&output_, &rejects_}) {
            if (const auto flushed = output->flush(); !flushed) {
                return flushed.error();
            }
        }
        // Bytes without a batch in them are no segment; torn batches and zeros are what is left of one.
        if (totals_.batches == 0 && first_gap_ && first_gap_->reason != GapReason::torn_tail &&
            first_gap_->reason != GapReason::zero_fill) {
            return Error{.code = Errc::corrupt,
                         .what = "holds no record batch; " + first_gap_->describe_gap(),
                         .at = first_gap_->position.value};
        }
        totals_.bytes_in = cursor_.position().value;
        totals_.bytes_out = output_.size();
        totals_.crc_out = output_.crc();
        return totals_;
    }

  private:
    // Each step returns whether there is more to read.

    Result<bool> good_run(const GoodRun& run) {
        if (!options_.changes_good_batches()) {
            totals_.batches += run.batches;
            totals_.good_out += run.batches;
            return wrote(output_.write(run.bytes));
        }
        for (std::size_t at = 0; at < run.bytes.size();) {
            const std::size_t size =
                record::kLengthFieldEnd + static_cast<std::size_t>(wire::load_big<std::int32_t>(run.bytes.data() + at + 8));
            const auto batch = BatchView::parse(run.bytes.subspan(at, size), run.position + at);
            if (!batch) {
                return batch.error();
            }
            ++totals_.batches;
            if (auto done = good_batch(*batch); !done) {
                return done;
            }
            at += size;
        }
        return true;
    }

    static Result<bool> wrote(const Result<void>& written) { return written ? Result<bool>(true) : written.error(); }

    /// Writes a batch whose CRC is right, edited where that is wanted.
    Result<bool> good_batch(const BatchView& batch) {
        ++totals_.good_out;
        if (!options_.changes_good_batches()) {
            return wrote(output_.write(batch.bytes()));
        }
        edited_.clear();
        auto changed = editor_.edit(batch, offset_shift(batch), edited_);
        if (!changed && changed.error().code != Errc::corrupt && changed.error().code != Errc::too_large) {
            Error error = changed.error();
            error.at = batch.position().value;
            return error;
        }
        if (!changed) {
            // Its CRC is right, so what is in it is what was written: it stays, and the report says why.
            ++totals_.kept;
            const Item item{.outcome = Outcome::batch,
                            .position = batch.position(),
                            .size = batch.bytes().size(),
                            .batch = batch,
                            .crc_valid = true,
                            .crc_computed = batch.header().crc};
            report({.item = item, .action = MendAction::kept, .why = changed.error().what});
            changed = editor_.edit_frame(batch, offset_shift(batch), edited_);
        }
        if (!changed) {
            return changed.error();
        }
        if (!*changed) {
            return wrote(output_.write(batch.bytes()));
        }
        ++totals_.edited;
        totals_.indexes_stale = totals_.indexes_stale || options_.edits.canonical || edited_.size() != batch.bytes().size();
        const auto good = check(edited_.bytes(), batch.position());
        return good ? wrote(output_.write(edited_.bytes())) : good.error();
    }

    std::int64_t offset_shift(const BatchView& batch) {
        if (!totals_.offset_shift) {
            totals_.offset_shift = options_.offset_shift || !options_.base_offset
                                       ? options_.offset_shift.value_or(0)
                                       : *options_.base_offset - editor_.base_offset_of(batch);
            totals_.indexes_stale = totals_.indexes_stale || *totals_.offset_shift != 0;
        }
        return *totals_.offset_shift;
    }

    /// What we made ourselves is looked at once more before anybody gets it.
    Result<void> check(Bytes batches, FileOffset at) {
        std::uint64_t count = 0;
        for (Bytes left = batches; !left.empty(); ++count) {
            const std::size_t size =
                left.size() < record::kFrameBytes
                    ? left.size()
                    : record::kLengthFieldEnd + static_cast<std::uint32_t>(wire::load_big<std::int32_t>(left.data() + 8));
            const auto batch = BatchView::parse(left.first(std::min(size, left.size())), at);
            if (!batch || batch->compute_crc() != batch->header().crc) {
                return Error{.code = Errc::corrupt, .what = "what was mended does not verify", .at = at.value};
            }
            left = left.subspan(batch->bytes().size());
        }
        totals_.good_out += count - 1;  // one became `count`
        return {};
    }

    /// A batch as it was found and what was made of it; mended_ holds it where it was mended.
    struct Candidate {
        Item item;
        Judgement judgement;
    };

    /// What is here is no good batch: a bad one, a gap, or the end.
    Result<bool> damage() {
        const FileOffset at = cursor_.position();
        auto item = cursor_.next_batch();
        if (!item) {
            return item.error();
        }
        const io::Piece held = cursor_.piece();  // looking further may move the window away from the item
        if (*item && (*item)->outcome == Outcome::end) {
            return false;
        }
        if (*item && (*item)->outcome == Outcome::batch && (*item)->crc_valid) {
            ++totals_.batches;
            return good_batch((*item)->batch);
        }
        std::optional<Candidate> candidate;
        if (*item && (*item)->outcome == Outcome::batch) {
            candidate = Candidate{**item, judge_.judge((*item)->batch, (*item)->crc_computed, mended_)};
        }
        if (!candidate || candidate->judgement.action == MendAction::kept) {
            const auto bytes = window_.ensure(at, static_cast<std::size_t>(cursor_.search_limit()));
            if (!bytes) {
                return bytes.error();
            }
            // A gap whose end is known already has an unknown magic: its length alone says nothing.
            auto found = *item ? flipped(at, *bytes) : explained(at, *bytes);
            if (!found && !*item) {
                auto leading = leading_to_explained(at);
                if (!leading) {
                    return leading.error();
                }
                found = *std::move(leading);
            }
            if (found) {
                candidate = std::move(found);
            }
        }
        if (candidate) {
            ++totals_.batches;
            cursor_.resume_at(at + candidate->item.size);
            return finish_batch(candidate->item, std::move(candidate->judgement));
        }
        return *item ? known_gap(**item) : gap(at);
    }

    /// The batch that begins `bytes`, where its length leads nowhere but something explains its CRC, its length or its
    /// magic.
    std::optional<Candidate> explained(FileOffset at, Bytes bytes) {
        auto candidate = stated(at, bytes);
        if (candidate) {
            const Item& item = candidate->item;
            const record::BatchHeader& h = item.batch.header();
            const std::size_t cover = record::crc_cover_at(h.magic);
            const std::uint32_t other =
                crcs_.of(record::other_crc_kind(h.magic), at + cover, item.batch.bytes().subspan(cover));
            // Cheap questions first: in random bytes many lengths reach far.
            if (!record::explain_by_recipe(item.batch, item.crc_computed, other).empty() ||
                (chance_is_small(8 * item.size) && !record::explain_by_bit(item.batch, item.crc_computed).empty())) {
                candidate->judgement = judge_.judge(item.batch, item.crc_computed, mended_);
                if (candidate->judgement.action != MendAction::kept) {
                    return candidate;
                }
            }
        }
        return flipped(at, bytes);
    }

    /// The batch that begins `bytes` as its length and magic say.
    std::optional<Candidate> stated(FileOffset at, Bytes bytes) {
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

    std::optional<Candidate> flipped(FileOffset at, Bytes bytes) {
        const auto bit = flips_.find(at, bytes, mended_);
        if (!bit) {
            return std::nullopt;
        }
        const auto batch = BatchView::parse(mended_.bytes(), at);
        return Candidate{
            {.outcome = Outcome::batch,
             .position = at,
             .size = mended_.size(),
             .batch = *batch,
             .crc_valid = true,
             .crc_computed = batch->header().crc},
            {.causes = {{.kind = CrcCause::Kind::single_bit, .bit = *bit}}, .action = MendAction::bit_flipped_back}};
    }

    /// The batch at `at`, unexplained, where its length leads to one that is explained: without this that one would be lost
    /// in the gap. A good batch inside says that the length reaches too far.
    Result<std::optional<Candidate>> leading_to_explained(FileOffset at) {
        const auto limit = static_cast<std::size_t>(cursor_.search_limit());
        auto bytes = window_.ensure(at, limit);
        if (!bytes) {
            return bytes.error();
        }
        auto candidate = stated(at, *bytes);
        if (!candidate ||
            !explained(at + candidate->item.size, bytes->subspan(static_cast<std::size_t>(candidate->item.size)))) {
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
        mended_.clear();
        candidate = stated(at, *bytes);
        candidate->judgement.body_parses = judge_.parses(candidate->item.batch);
        return candidate;
    }

    /// Writes, or leaves out, a bad batch that was judged; mended_ is what it is now where it was mended.
    Result<bool> finish_batch(const Item& item, Judgement judgement) {
        if (judgement.action == MendAction::kept && (options_.force || (options_.trust_body && judgement.body_parses))) {
            Judge::recompute(item.batch, item.crc_computed, mended_);
            judgement.action = MendAction::recomputed;
        }
        if (judgement.action == MendAction::kept && options_.salvage) {
            judgement.action = MendAction::dropped;
        }
        report({.item = item, .action = judgement.action, .causes = std::move(judgement.causes)});
        switch (judgement.action) {
            case MendAction::dropped:
                ++totals_.dropped;
                totals_.indexes_stale = true;
                return wrote(rejects_.write(item.batch.bytes()));
            case MendAction::kept: {
                ++totals_.kept;
                edited_.clear();
                const auto changed = editor_.edit_frame(item.batch, offset_shift(item.batch), edited_);
                if (!changed) {
                    return changed.error();
                }
                if (*changed) {
                    ++totals_.edited;
                }
                return wrote(output_.write(*changed ? edited_.bytes() : item.batch.bytes()));
            }
            case MendAction::recomputed: ++totals_.recomputed; break;
            case MendAction::bit_flipped_back: ++totals_.bits_flipped_back; break;
        }
        const auto good = check(mended_.bytes(), item.position);
        return good ? good_batch(*BatchView::parse(mended_.bytes(), item.position)) : good.error();
    }

    /// A gap whose bytes still stand in the window.
    Result<bool> known_gap(const Item& item) {
        const auto bytes = window_.ensure(item.position, static_cast<std::size_t>(item.size));
        if (!bytes) {
            return bytes.error();
        }
        const auto written = gap_bytes(bytes->first(static_cast<std::size_t>(item.size)));
        cursor_.resume_at(item.position + item.size);
        finish_gap(item);
        return wrote(written);
    }

    Result<bool> gap(FileOffset at) {
        cursor_.resume_at(at);
        Result<void> written;
        const auto item = cursor_.next_gap([&](Bytes bytes) {
            if (written) {
                written = gap_bytes(bytes);
            }
        });
        if (!item) {
            return item.error();
        }
        finish_gap(*item);
        return wrote(written);
    }

    Result<void> gap_bytes(Bytes bytes) { return (options_.salvage ? rejects_ : output_).write(bytes); }

    void finish_gap(const Item& item) {
        ++totals_.gaps;
        totals_.indexes_stale = totals_.indexes_stale || options_.salvage;
        if (!first_gap_) {
            first_gap_ = item;
        }
        report({.item = item, .action = options_.salvage ? MendAction::dropped : MendAction::kept});
    }

    void report(const Finding& finding) const {
        if (outputs_.finding) {
            outputs_.finding(finding);
        }
    }

    MendOptions options_;
    const MendOutputs& outputs_;
    io::Window window_;
    SegmentCursor cursor_;
    Judge judge_;
    FrameFlipFinder flips_;
    RangeCrc crcs_;
    record::BatchEditor editor_;
    MendOutput output_;
    MendOutput rejects_;
    MendTotals totals_;
    std::optional<Item> first_gap_;
    ByteBuffer mended_;
    ByteBuffer edited_;
};

}  // namespace

void MendTotals::add(const MendTotals& other) {
    batches += other.batches;
    recomputed += other.recomputed;
    bits_flipped_back += other.bits_flipped_back;
    kept += other.kept;
    dropped += other.dropped;
    gaps += other.gaps;
    edited += other.edited;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    good_out += other.good_out;
    crc_out = crc_join(CrcKind::crc32c, crc_out, other.crc_out, other.bytes_out);
}

Result<MendTotals> mend(io::ByteSource& source, const MendOptions& options, const MendOutputs& outputs) {
    return Mender(source, options, outputs).run();
}

}  // namespace kseg::segment
