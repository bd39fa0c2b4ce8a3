// SPDX-License-Identifier: Apache-2.0
#include "store/log_scan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.hpp"
#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"
#include "store/scan_damage.hpp"

namespace kseg::store {
namespace {

// Every so many bytes the sink is asked whether to go on.
constexpr std::uint64_t kStepBytes = std::uint64_t{1} << 20;

// What is read at a time where it may be enough.
constexpr std::size_t kNarrowBytes = std::size_t{64} << 10;
constexpr std::uint64_t kFewRecords = 1000;

std::string beside(const std::string& log_path, std::string_view extension) {
    return log_path.substr(0, log_path.rfind('.')) + std::string(extension);
}

class Scan {
  public:
    Scan(const Work& work, const LogPlace& place, const io::ReadAt& file, SliceReport& report)
        : work_(work), place_(place), file_(file), report_(report) {}

    Result<SliceEnd> run();

  private:
    [[nodiscard]] segment::SegmentPart part_of(segment::RecordRange range) const;
    Result<bool> walk(segment::SegmentCursor& cursor, const segment::SegmentPart& part, ScanDamage& damage);
    bool take(const segment::Item& item, ScanDamage& damage);
    void check_place(const segment::Item& item) const;
    [[nodiscard]] bool is_unfinished(const segment::Item& item) const;

    const Work& work_;
    const LogPlace& place_;
    const io::ReadAt& file_;
    SliceReport& report_;
    std::optional<std::int64_t> end_;  // behind the last good batch
    bool whole_ = true;
    std::uint64_t asked_at_ = 0;
};

Result<SliceEnd> Scan::run() {
    const segment::RecordRange& range = work_.filter.range();
    const segment::SegmentPart part = part_of(range);
    const auto source = io::source_of(file_, part.start.value, false, work_.request.stop);
    // A range that ends soon is not read far beyond.
    const bool narrow = part.stop_at || work_.request.limit < kFewRecords;
    io::Window window(*source, part.start, narrow ? kNarrowBytes : io::Window::kPieceBytes);
    segment::SegmentCursor cursor(window, part.start, {.max_batch_bytes = work_.request.max_batch_bytes});
    ScanDamage damage(range, part.start.value == 0 ? std::optional(place_.base_offset) : std::nullopt, place_.path,
                      work_.sink);
    const auto more = walk(cursor, part, damage);
    if (!more) {
        if (more.error().code == Errc::cancelled) {
            return more.error();
        }
        work_.sink.damage(more.error().in_file(place_.path));
        return SliceEnd{.ended = Ended::failed, .offset = end_};
    }
    return SliceEnd{.ended = *more ? Ended::finished : Ended::stopped, .offset = end_, .whole = whole_};
}

/// Where to begin and to stop, by the index files beside the log.
segment::SegmentPart Scan::part_of(segment::RecordRange range) const {
    // From its base offset on to the next one's is all of it, for which nothing has to be looked up.
    if (range.first_offset && *range.first_offset <= place_.base_offset) {
        range.first_offset.reset();
    }
    if (range.end_offset && *range.end_offset >= place_.next_base) {
        range.end_offset.reset();
    }
    if (range.everything()) {
        return {};
    }
    const ByteBuffer offsets = work_.files.read_hint(beside(place_.path, ".index"));
    const ByteBuffer times = range.since ? work_.files.read_hint(beside(place_.path, ".timeindex")) : ByteBuffer();
    return segment::part_of(offsets.bytes(), times.bytes(), file_, place_.base_offset, range);
}

/// False where nothing further is wanted.
Result<bool> Scan::walk(segment::SegmentCursor& cursor, const segment::SegmentPart& part, ScanDamage& damage) {
    for (;;) {
        if (work_.filter.full()) {
            return false;
        }
        const auto item = cursor.next();
        if (!item) {
            return item.error();
        }
        if (item->outcome == segment::Outcome::end || (item->outcome != segment::Outcome::batch && is_unfinished(*item))) {
            damage.end();
            return true;
        }
        const bool good = take(*item, damage);
        if (good && part.stop_at && item->position >= *part.stop_at &&
            item->batch.header().last_offset() >= part.stop_offset) {
            whole_ = false;
            return true;
        }
        if (item->position.value - asked_at_ >= kStepBytes) {
            asked_at_ = item->position.value;
            if (!work_.sink.keep_on(work_.files.counts().bytes)) {
                return false;
            }
        }
    }
}

/// Whether it was a good batch.
bool Scan::take(const segment::Item& item, ScanDamage& damage) {
    if (item.outcome != segment::Outcome::batch || !item.crc_valid) {
        damage.add(item);
        return false;
    }
    const record::BatchHeader& header = item.batch.header();
    // Magic 0 and 1 say the offset of the last message alone; what is missing in front of it cannot be told from there.
    damage.good_batch(header.base_offset, header.last_offset());
    check_place(item);
    end_ = std::max(end_.value_or(0), saturating_add(header.last_offset(), 1));
    if (place_.taken == nullptr || !place_.taken->contains(item.position.value)) {
        const bool in_range =
            overlaps(work_.filter.range(), header.is_legacy() ? 0 : header.base_offset, header.last_offset());
        report_.batches += in_range ? 1U : 0U;
        report_.records += in_range ? static_cast<std::uint64_t>(std::max(header.records_count, 0)) : 0U;
        work_.filter.take(item.batch, nullptr);
    }
    return true;
}

/// A batch that another segment should hold is not looked for there, so that what is left out of it has to be told.
void Scan::check_place(const segment::Item& item) const {
    const record::BatchHeader& header = item.batch.header();
    const bool early = !header.is_legacy() && header.base_offset < place_.base_offset;
    const bool late = place_.next_base != kMaxRecordOffset && header.last_offset() >= place_.next_base;
    if ((early || late) && overlaps(work_.request.range, header.base_offset, header.last_offset())) {
        work_.sink.damage({.code = Errc::corrupt,
                           .what = fmt::format("batch offset; expected {} to {}, got {}; left out", place_.base_offset,
                                               place_.next_base - 1, header.base_offset),
                           .file = place_.path,
                           .at = item.position.value});
    }
}

/// Whether what is no batch is a write under way: it ends the last segment of a log that somebody has open for writing.
bool Scan::is_unfinished(const segment::Item& item) const {
    if (place_.writers_lock.empty()) {
        return false;
    }
    // A torn tail ended the file when it was read; more may have come since.
    const auto size = file_.size();
    if (item.outcome != segment::Outcome::torn_tail && (!size || item.position.value + item.size < *size)) {
        return false;
    }
    const auto locked = work_.files.fs().is_locked(place_.writers_lock);
    return locked && *locked;
}

}  // namespace

Result<SliceEnd> scan_log(const Work& work, const LogPlace& place, SliceReport& report) {
    report.scanned = true;
    const auto file = work.files.open(place.path);
    if (!file) {
        work.sink.damage(file.error());
        return SliceEnd{.ended = Ended::failed};
    }
    return Scan(work, place, **file, report).run();
}

}  // namespace kseg::store
