// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/mend.hpp"

#include <algorithm>

#include "base/crc.hpp"
#include "io/window.hpp"
#include "kafka/segment/candidate.hpp"
#include "kafka/segment/mend_output.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::segment {
namespace {

using record::BatchView;

class Mender {
  public:
    Mender(io::ByteSource& source, const MendOptions& options, const MendOutputs& outputs)
        : options_(options),
          outputs_(outputs),
          window_(source, {}),
          cursor_(window_, {}, {.max_batch_bytes = options.max_batch_bytes}),
          finder_(window_, cursor_, options.max_batch_bytes),
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

    /// Writes a batch that came with a right CRC.
    Result<bool> good_batch(const BatchView& batch) {
        const auto unedited = write_good(batch);
        if (!unedited) {
            return unedited.error();
        }
        if (!unedited->empty()) {
            report({.item = {.outcome = Outcome::batch,
                             .position = batch.position(),
                             .size = batch.bytes().size(),
                             .batch = batch,
                             .crc_valid = true,
                             .crc_computed = batch.header().crc},
                    .action = MendAction::kept,
                    .why = *unedited});
        }
        return true;
    }

    /// Writes a batch whose CRC is right, or is so by now, edited where that is wanted. Returns why it could not be edited,
    /// or an empty text: its CRC is right, so what is in it is what was written, and it stays.
    Result<std::string> write_good(const BatchView& batch) {
        ++totals_.good_out;
        std::string unedited;
        Result<bool> changed = false;
        edited_.clear();
        if (options_.changes_good_batches()) {
            changed = editor_.edit(batch, offset_shift(batch), edited_);
        }
        if (!changed && (changed.error().code == Errc::corrupt || changed.error().code == Errc::too_large)) {
            ++totals_.unedited;
            unedited = changed.error().what;
            changed = editor_.edit_frame(batch, offset_shift(batch), edited_);
        }
        if (!changed) {
            Error error = changed.error();
            error.at = batch.position().value;
            return error;
        }
        if (*changed) {
            ++totals_.edited;
            totals_.indexes_stale =
                totals_.indexes_stale || options_.edits.canonical || edited_.size() != batch.bytes().size();
            if (const auto good = check(edited_.bytes(), batch.position()); !good) {
                return good.error();
            }
        }
        const auto written = output_.write(*changed ? edited_.bytes() : batch.bytes());
        return written ? Result<std::string>(std::move(unedited)) : written.error();
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

    /// What is here is no good batch: a bad one, a gap, or the end.
    Result<bool> damage() {
        const FileOffset at = cursor_.position();
        auto recipe = finder_.find_recipe(at, mended_);
        if (!recipe) {
            return recipe.error();
        }
        if (*recipe) {
            return take(at, **recipe);
        }
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
        auto candidate = finder_.find(at, *item, mended_);
        if (!candidate) {
            return candidate.error();
        }
        if (*candidate) {
            return take(at, **candidate);
        }
        return *item ? known_gap(**item) : gap(at);
    }

    Result<bool> take(FileOffset at, Candidate& batch) {
        ++totals_.batches;
        cursor_.resume_at(at + batch.item.size);
        return finish_batch(batch.item, std::move(batch.judgement));
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
        Finding finding{.item = item, .action = judgement.action, .causes = std::move(judgement.causes)};
        Result<void> done;
        switch (judgement.action) {
            case MendAction::dropped:
                ++totals_.dropped;
                totals_.indexes_stale = true;
                done = rejects_.write(item.batch.bytes());
                break;
            case MendAction::kept:
                ++totals_.kept;
                done = write_kept(item.batch);
                break;
            case MendAction::recomputed:
            case MendAction::bit_flipped_back:
                ++(judgement.action == MendAction::recomputed ? totals_.recomputed : totals_.bits_flipped_back);
                done = write_mended(item.position, finding.why);
                break;
        }
        report(finding);
        return wrote(done);
    }

    Result<void> write_kept(const BatchView& batch) {
        edited_.clear();
        const auto changed = editor_.edit_frame(batch, offset_shift(batch), edited_);
        if (!changed) {
            return changed.error();
        }
        if (*changed) {
            ++totals_.edited;
        }
        totals_.bad_bytes_out += batch.bytes().size();
        return output_.write(*changed ? edited_.bytes() : batch.bytes());
    }

    /// Writes what stands in mended_.
    Result<void> write_mended(FileOffset at, std::string& unedited) {
        if (auto good = check(mended_.bytes(), at); !good) {
            return good;
        }
        auto done = write_good(*BatchView::parse(mended_.bytes(), at));
        if (!done) {
            return done.error();
        }
        unedited = *std::move(done);
        return {};
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

    Result<void> gap_bytes(Bytes bytes) {
        if (options_.salvage) {
            return rejects_.write(bytes);
        }
        totals_.bad_bytes_out += bytes.size();
        return output_.write(bytes);
    }

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
    CandidateFinder finder_;
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
    unedited += other.unedited;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    bad_bytes_out += other.bad_bytes_out;
    good_out += other.good_out;
    crc_out = crc_join(CrcKind::crc32c, crc_out, other.crc_out, other.bytes_out);
}

Result<MendTotals> mend(io::ByteSource& source, const MendOptions& options, const MendOutputs& outputs) {
    return Mender(source, options, outputs).run();
}

}  // namespace kseg::segment
