// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kafka/wire/reader.hpp"

namespace kseg::segment {
namespace {

using record::kBatchHeaderBytes;
using record::kFrameBytes;

// The search behind damage looks for batches up to this size, or twice the largest good one seen: a length in random bytes
// claims more most of the time, and each claim has to be read to be refuted.
constexpr std::uint64_t kSearchBytes = std::uint64_t{16} << 20;
// A batch above this is checked by looking ahead, where the source can, before room is made for it.
constexpr std::uint64_t kLargeBytes = std::uint64_t{8} << 20;

}  // namespace

std::string Item::describe_gap() const {
    const std::string_view unit = words->unit;
    switch (reason) {
        case GapReason::torn_tail:
            return length_found ? fmt::format("torn tail; expected a {} of {} bytes, got {}", unit,
                                              *length_found + static_cast<std::int64_t>(length_excludes), size)
                                : fmt::format("torn tail; expected a {} header, got {} bytes", unit, size);
        case GapReason::zero_fill: return fmt::format("zero fill; expected a {}, got {} zero bytes", unit, size);
        case GapReason::bad_length:
            return fmt::format("{} length; expected one that leads to a {}, got {}; skipped {} bytes", unit, unit,
                               length_found.value_or(0), size);
        case GapReason::bad_magic:
            return fmt::format("{}, got 0x{:02x}; skipped {} bytes", words->magic,
                               static_cast<std::uint8_t>(magic_found.value_or(0)), size);
        case GapReason::garbage: break;
    }
    return fmt::format("garbage; expected a {}, got {} bytes that are none", unit, size);
}

SegmentCursor::SegmentCursor(io::Window& window, FileOffset start, CursorOptions options)
    : window_(window), pos_(start), options_(options) {}

std::uint64_t SegmentCursor::search_limit() const {
    return std::min(options_.max_batch_bytes, std::max(kSearchBytes, 2 * largest_good_));
}

Item SegmentCursor::batch_item(const record::BatchView& batch, bool valid, std::uint32_t computed) {
    pos_ = batch.position() + batch.bytes().size();
    if (valid) {
        largest_good_ = std::max<std::uint64_t>(largest_good_, batch.bytes().size());
    }
    return {.outcome = Outcome::batch,
            .position = batch.position(),
            .size = batch.bytes().size(),
            .batch = batch,
            .crc_valid = valid,
            .crc_computed = computed};
}

namespace {

/// The first bytes of an item, copied: the search for a gap's end lets go of the bytes that a gap's reason is read from.
struct Head {
    std::array<std::byte, kBatchHeaderBytes> bytes{};
    std::size_t size = 0;

    explicit Head(Bytes from) : size(std::min(from.size(), bytes.size())) {
        std::copy_n(from.begin(), size, bytes.begin());
    }
    [[nodiscard]] Bytes view() const { return Bytes(bytes).first(size); }
};

}  // namespace

Result<Item> SegmentCursor::next() {
    auto batch = next_batch();
    if (!batch) {
        return batch.error();
    }
    return *batch ? Result<Item>(**batch) : next_gap();
}

Result<GoodRun> SegmentCursor::next_run() {
    auto got = window_.ensure(pos_, kFrameBytes);
    if (!got) {
        return got.error();
    }
    Bytes bytes = *got;
    std::size_t at = 0;
    std::uint64_t batches = 0;
    while (bytes.size() - at >= kFrameBytes) {
        const Frame frame = Frame::of(bytes.data() + at);
        if (!frame.known_magic() || !frame.length_can_be() ||
            static_cast<std::uint64_t>(frame.size) > options_.max_batch_bytes) {
            break;
        }
        const auto size = static_cast<std::size_t>(frame.size);
        if (size > bytes.size() - at) {
            // The rest of this piece is the next run's; what is too large to be read on trust is next_batch()'s.
            if (at != 0 || size > kLargeBytes) {
                break;
            }
            got = window_.ensure(pos_, size);
            if (!got) {
                return got.error();
            }
            bytes = *got;
            if (bytes.size() < size) {
                break;
            }
        }
        const Bytes whole = bytes.subspan(at, size);
        const auto stored = wire::load_big<std::uint32_t>(whole.data() + record::crc_at(frame.magic));
        if (crc(record::crc_kind(frame.magic), whole.subspan(record::crc_cover_at(frame.magic))) != stored) {
            break;
        }
        largest_good_ = std::max<std::uint64_t>(largest_good_, size);
        at += size;
        ++batches;
    }
    const FileOffset begin = pos_;
    pos_ = pos_ + at;
    return GoodRun{.position = begin, .bytes = bytes.first(at), .batches = batches};
}

Result<std::optional<Item>> SegmentCursor::next_batch() {
    const auto got = window_.ensure(pos_, kFrameBytes);
    if (!got) {
        return got.error();
    }
    if (got->empty()) {
        return std::optional(Item{.outcome = Outcome::end, .position = pos_});
    }
    const Head head(*got);
    return head.size < kFrameBytes ? Result<std::optional<Item>>(std::nullopt) : batch_at(pos_, head.view());
}

Result<Item> SegmentCursor::next_gap(const PassedBytes& passed) {
    const auto got = window_.ensure(pos_, kFrameBytes);
    if (!got) {
        return got.error();
    }
    if (got->empty()) {
        return Item{.outcome = Outcome::end, .position = pos_};
    }
    const Head head(*got);
    return gap_from(pos_, head.view(), passed);
}

/// head   the first bytes of the gap, as many as there are up to a header
Item SegmentCursor::gap_item(FileOffset from, FileOffset to, GapReason reason, Bytes head) {
    pos_ = to;
    Item item{.outcome = reason == GapReason::torn_tail ? Outcome::torn_tail : Outcome::gap,
              .position = from,
              .size = to - from,
              .reason = reason};
    if (head.size() >= kFrameBytes) {
        item.length_found = wire::load_big<std::int32_t>(head.data() + 8);
        item.magic_found = wire::load_big<std::int8_t>(head.data() + record::kMagicAt);
    }
    return item;
}

/// The batch at `at`, or nothing where its bytes begin a gap whose end has to be searched. A batch of an unknown magic is a
/// gap as long as its length.
/// first   the bytes there, as many as there are up to a header, outside of the window
Result<std::optional<Item>> SegmentCursor::batch_at(FileOffset at, Bytes first) {
    const Frame frame = Frame::of(first.data());
    if (!frame.length_can_be() || static_cast<std::uint64_t>(frame.size) > options_.max_batch_bytes) {
        return std::optional<Item>{};
    }
    const auto size = static_cast<std::size_t>(frame.size);
    if (size > kLargeBytes && size > search_limit()) {
        const auto last = window_.look(at, at + (size - 1), 1);
        if (!last) {
            return last.error();
        }
        if (last->empty()) {
            return std::optional<Item>{};
        }
    }
    const auto bytes = window_.ensure(at, size);
    if (!bytes) {
        return bytes.error();
    }
    if (bytes->size() < size) {
        return std::optional<Item>{};
    }
    const Bytes whole = bytes->first(size);
    if (!frame.known_magic()) {
        const auto leads = length_leads(at, size);
        if (!leads) {
            return leads.error();
        }
        return *leads ? std::optional(gap_item(at, at + size, GapReason::bad_magic, first)) : std::nullopt;
    }
    const auto batch = record::BatchView::parse(whole, at);
    if (!batch) {
        return std::optional<Item>{};
    }
    const std::uint32_t computed = batch->compute_crc();
    if (computed == batch->header().crc) {
        return std::optional(batch_item(*batch, true, computed));
    }
    // Key and value that fill a message to its last byte speak for its length; messages may stand in it that look good.
    const bool adds_up = batch->header().is_legacy() && message_adds_up(*batch);
    auto leads = adds_up ? end_leads(at, size) : Result<bool>(false);
    if (leads && !*leads) {
        leads = length_leads(at, size);
    }
    if (!leads) {
        return leads.error();
    }
    if (!*leads) {
        return std::optional<Item>{};
    }
    // Looking around may have moved the bytes to another piece.
    const auto again = window_.ensure(at, size);
    if (!again) {
        return again.error();
    }
    return std::optional(batch_item(*record::BatchView::parse(again->first(size), at), false, computed));
}

Result<bool> SegmentCursor::hides_good_batch(FileOffset at, std::uint64_t size) {
    RangeCrc crcs;
    const auto inside = find_valid(at + 1, at + size, at, crcs, {});
    return inside ? Result<bool>(inside->has_value()) : inside.error();
}

/// Whether the length of a batch whose CRC is wrong, or whose magic is unknown, can be believed.
Result<bool> SegmentCursor::length_leads(FileOffset at, std::size_t size) {
    // A good batch that begins inside says that the length reaches too far.
    const auto hides = hides_good_batch(at, size);
    if (!hides) {
        return hides.error();
    }
    return *hides ? Result<bool>(false) : end_leads(at, size);
}

/// Whether what stands behind a batch is what could stand there.
Result<bool> SegmentCursor::end_leads(FileOffset at, std::size_t size) {
    const FileOffset end = at + size;
    const auto head = window_.look(at, end, kBatchHeaderBytes);
    if (!head) {
        return head.error();
    }
    if (head->size() < kFrameBytes || all_zero(*head) || plausible(*head, search_limit())) {
        return true;
    }
    // Its header may read oddly and yet be what was written.
    RangeCrc crcs;
    const Frame frame = Frame::of(head->data());
    return frame.known_magic() && frame.length_can_be() ? valid_at(end, frame, at, crcs) : Result<bool>(false);
}

/// The first place in [from, before) where a good batch begins. Keeps the bytes from `keep` on, or those from the place on
/// where `keep` is behind it. `passed` gets the bytes in front of the place.
Result<std::optional<FileOffset>> SegmentCursor::find_valid(FileOffset from, FileOffset before, FileOffset keep,
                                                            RangeCrc& crcs, const PassedBytes& passed) {
    const auto note = [&passed](Bytes bytes) {
        if (passed) {
            passed(bytes);
        }
    };
    FileOffset at = from;
    while (at < before) {
        const FileOffset hold = std::min(at, keep);
        const auto got = window_.ensure(hold, (at - hold) + kFrameBytes);
        if (!got) {
            return got.error();
        }
        const Bytes bytes = got->size() > at - hold ? got->subspan(at - hold) : Bytes{};
        if (bytes.size() < kFrameBytes) {
            note(bytes);
            return std::optional<FileOffset>{};
        }
        const std::size_t places = std::min<std::size_t>(bytes.size() - kFrameBytes + 1, before - at);
        std::byte here{};
        std::size_t i = 0;
        for (; i < places; ++i) {
            if (to_u8(bytes[i + record::kMagicAt]) > 2) {
                continue;
            }
            const Frame frame = Frame::of(bytes.data() + i);
            if (frame.offset < 0 || !frame.length_can_be() || static_cast<std::uint64_t>(frame.size) > search_limit()) {
                continue;
            }
            note(bytes.first(i));
            here = bytes[i];
            const auto valid = valid_at(at + i, frame, std::min(at + i, keep), crcs);
            if (!valid) {
                return valid.error();
            }
            if (*valid) {
                return std::optional(at + i);
            }
            // The bytes may stand in another piece now.
            break;
        }
        if (i == places) {
            note(bytes.first(places));
        } else {
            note({&here, 1});
            ++i;
        }
        at = at + i;
    }
    return std::optional<FileOffset>{};
}

/// Whether a batch with this frame stands at `at` and its CRC matches.
Result<bool> SegmentCursor::valid_at(FileOffset at, const Frame& frame, FileOffset keep, RangeCrc& crcs) {
    const auto size = static_cast<std::size_t>(frame.size);
    const auto got = window_.ensure(keep, (at - keep) + size);
    if (!got) {
        return got.error();
    }
    if (got->size() < (at - keep) + size) {
        return false;
    }
    const auto batch = record::BatchView::parse(got->subspan(at - keep, size), at);
    if (!batch || (batch->header().is_legacy() && !message_adds_up(*batch))) {
        return false;
    }
    const std::size_t cover = record::crc_cover_at(frame.magic);
    return crcs.of(record::crc_kind(frame.magic), at + cover, batch->bytes().subspan(cover)) == batch->header().crc;
}

Result<Item> SegmentCursor::gap_from(FileOffset at, Bytes head, const PassedBytes& passed) {
    RangeCrc crcs;
    bool nonzero = false;
    const PassedBytes note = [&](Bytes bytes) {
        nonzero = nonzero || !all_zero(bytes);
        if (passed) {
            passed(bytes);
        }
    };
    note(head.first(1));
    constexpr FileOffset kNowhere{UINT64_MAX};
    const auto found = find_valid(at + 1, kNowhere, kNowhere, crcs, note);
    if (!found) {
        return found.error();
    }
    const bool at_end = !found->has_value();
    const FileOffset end = at_end ? window_.read_to() : **found;
    return gap_item(at, end, reason_of(head, end - at, at_end, nonzero), head);
}

}  // namespace kseg::segment
