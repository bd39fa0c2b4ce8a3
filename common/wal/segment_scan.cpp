// SPDX-License-Identifier: Apache-2.0
#include "wal/segment_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"

namespace kseg::wal {
namespace {

// Small enough that what was read is still near the core when its CRC is taken.
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

/// A good batch that waits for the next: only that one tells whether its offset can be believed.
struct Waiting {
    record::BatchView batch;
    io::Piece piece;
};

class Scan {
  public:
    Scan(SegmentScan& result, std::int64_t before_offset, const BatchVisitor& visit)
        : result_(result), before_offset_(before_offset), visit_(visit) {}

    Result<void> good(const record::BatchView& batch, io::Piece piece) {
        const std::int64_t base = batch.header().base_offset;
        if (batch.header().last_offset() < base || batch.header().last_offset() >= before_offset_) {
            if (auto taken = take_waiting(); !taken) {
                return taken;
            }
            return misplaced(batch);
        }
        if (base < result_.end_offset) {
            if (auto taken = take_waiting(); !taken) {
                return taken;
            }
            return misplaced(batch);
        }
        // One of the two has a wrong offset, and this one fits behind the batches before.
        if (waiting_ && base <= waiting_->batch.header().last_offset()) {
            if (auto done = misplaced(waiting_->batch); !done) {
                return done;
            }
            waiting_.reset();
        }
        if (auto taken = take_waiting(); !taken) {
            return taken;
        }
        waiting_ = Waiting{.batch = batch, .piece = std::move(piece)};
        return {};
    }

    void bad(std::uint64_t at, std::uint64_t size, std::string what, bool is_order = false) {
        if (!result_.bad.empty() && result_.bad.back().at + result_.bad.back().size == at) {
            result_.bad.back().size += size;
            result_.bad.back().is_order = result_.bad.back().is_order || is_order;
            return;
        }
        result_.bad.push_back(
            {.at = at, .size = size, .what = std::move(what), .expected_offset = result_.end_offset, .is_order = is_order});
    }

    Result<void> take_waiting() {
        if (!waiting_) {
            return {};
        }
        const record::BatchView& batch = waiting_->batch;
        result_.good_end = batch.position().value + batch.bytes().size();
        result_.end_offset = batch.header().last_offset() + 1;
        auto visited = visit_(batch);
        waiting_.reset();
        return visited;
    }

  private:
    Result<void> misplaced(const record::BatchView& batch) {
        bad(batch.position().value, batch.bytes().size(),
            fmt::format("batch offset; expected {} to {}, got {}", result_.end_offset, before_offset_ - 1,
                        batch.header().base_offset),
            true);
        return {};
    }

    SegmentScan& result_;
    std::int64_t before_offset_;
    const BatchVisitor& visit_;
    std::optional<Waiting> waiting_;
};

}  // namespace

bool SegmentScan::only_tail_is_bad() const {
    return std::ranges::all_of(bad, [this](const BadRange& range) { return range.at >= good_end && !range.is_order; });
}

Result<SegmentScan> scan_segment(const io::ReadAt& log, std::uint64_t start, std::int64_t least_offset,
                                 std::int64_t before_offset, const BatchVisitor& visit) {
    SegmentScan result{.size = start, .good_end = start, .end_offset = least_offset};
    Scan scan(result, before_offset, visit);
    const auto source = io::source_of(log, start);
    io::Window window(*source, FileOffset{start}, kPieceBytes);
    segment::SegmentCursor cursor(window, FileOffset{start});
    for (;;) {
        const auto item = cursor.next();
        if (!item) {
            return item.error();
        }
        if (item->outcome == segment::Outcome::end) {
            break;
        }
        if (item->outcome == segment::Outcome::batch && item->crc_valid) {
            if (auto done = scan.good(item->batch, cursor.piece()); !done) {
                return done.error();
            }
        } else {
            // What is bad stands behind the batch that waits, so that one is settled.
            if (auto taken = scan.take_waiting(); !taken) {
                return taken.error();
            }
            scan.bad(item->position.value, item->size,
                     item->outcome == segment::Outcome::batch ? fmt::format("batch crc; expected 0x{:08x}, got 0x{:08x}",
                                                                            item->crc_computed, item->batch.header().crc)
                                                              : item->describe_gap());
        }
        result.size = item->position.value + item->size;
    }
    if (auto taken = scan.take_waiting(); !taken) {
        return taken.error();
    }
    // A batch that was found to be misplaced only later stands before what was found bad meanwhile.
    std::ranges::sort(result.bad, {}, &BadRange::at);
    return result;
}

}  // namespace kseg::wal
