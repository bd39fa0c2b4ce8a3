// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kafka/segment/range_crc.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::segment {
namespace {

using record::kBatchHeaderBytes;
using record::kFrameBytes;
using record::kLengthFieldEnd;

// The search behind damage looks for batches up to this size, or twice the largest good one seen: a length in random bytes
// claims more most of the time, and each claim has to be read to be refuted.
constexpr std::uint64_t kSearchBytes = std::uint64_t{16} << 20;
// A batch above this is checked by looking ahead, where the source can, before room is made for it.
constexpr std::uint64_t kLargeBytes = std::uint64_t{8} << 20;
// Fewer zeros than an offset field has do not tell a torn batch from a preallocated file's padding.
constexpr std::uint64_t kLeastZeroFill = 8;

bool all_zero(Bytes bytes) {
    std::byte any{};
    for (const std::byte b : bytes) {
        any |= b;
    }
    return any == std::byte{0};
}

constexpr std::int64_t least_size(std::int8_t magic) {
    return static_cast<std::int64_t>(magic >= 0 && magic <= 2 ? record::header_bytes(magic) : record::kMessageV0Bytes);
}

}  // namespace

/// What every magic has in the same place: enough to hop from batch to batch.
struct SegmentCursor::Frame {
    std::int64_t offset;
    std::int64_t size;  // of the whole batch; negative where the length is
    std::int8_t magic;

    /// in   at least kFrameBytes bytes
    static Frame of(const std::byte* in) {
        return {.offset = wire::load_big<std::int64_t>(in),
                .size = std::int64_t{wire::load_big<std::int32_t>(in + 8)} + static_cast<std::int64_t>(kLengthFieldEnd),
                .magic = wire::load_big<std::int8_t>(in + record::kMagicAt)};
    }
    [[nodiscard]] bool known_magic() const { return magic >= 0 && magic <= 2; }
    [[nodiscard]] bool length_can_be() const { return size >= least_size(magic); }
};

class SegmentCursor::RangeCrc {
  public:
    std::uint32_t of(CrcKind kind, FileOffset at, Bytes bytes) {
        return (kind == CrcKind::crc32c ? crc32c_ : ieee_).of(at, bytes);
    }

  private:
    PrefixCrc crc32c_{CrcKind::crc32c};
    PrefixCrc ieee_{CrcKind::crc32_ieee};
};

std::string_view to_string(GapReason reason) {
    switch (reason) {
        case GapReason::torn_tail: return "torn_tail";
        case GapReason::zero_fill: return "zero_fill";
        case GapReason::bad_length: return "bad_length";
        case GapReason::bad_magic: return "bad_magic";
        case GapReason::garbage: return "garbage";
    }
    return "garbage";
}

namespace {

/// Whether key and value fill a message of magic 0 or 1 to its last byte: then its length can be trusted, whatever the CRC.
bool message_adds_up(const record::BatchView& batch) {
    wire::Reader in(batch.body());
    in.i32_bytes();
    in.i32_bytes();
    return in.ok() && in.left() == 0;
}

/// Whether a header reads like one of a real batch, though nothing has been checked by CRC.
/// head         what there is of it, at least kFrameBytes
/// most_bytes   a batch that claims more is not believed
bool plausible(Bytes head, std::uint64_t most_bytes) {
    wire::Reader in(head);
    const std::int64_t base_offset = in.i64();
    const std::int32_t length = in.i32();
    in.i32();  // leader epoch or CRC
    const std::int8_t magic = in.i8();
    const std::int64_t size = std::int64_t{length} + static_cast<std::int64_t>(kLengthFieldEnd);
    if (base_offset < 0 || magic < 0 || magic > 2 || size < least_size(magic) ||
        static_cast<std::uint64_t>(size) > most_bytes) {
        return false;
    }
    if (head.size() < kBatchHeaderBytes) {
        return true;  // too little to tell more
    }
    if (magic < 2) {
        const std::int8_t attributes = in.i8();
        if (magic == 1) {
            in.i64();  // timestamp
        }
        const std::int32_t key_length = in.i32();
        constexpr int kKnownBits = record::kCodecMask | record::kLogAppendTimeBit;
        return (attributes & ~kKnownBits) == 0 && key_length >= -1 && key_length < length;
    }
    in.i32();  // CRC
    in.i16();  // attributes
    const std::int32_t last_offset_delta = in.i32();
    in.i64();  // base timestamp
    in.i64();  // max timestamp
    const std::int64_t producer_id = in.i64();
    const std::int16_t producer_epoch = in.i16();
    const std::int32_t base_sequence = in.i32();
    const std::int32_t count = in.i32();
    return last_offset_delta >= 0 && producer_id >= -1 && producer_epoch >= -1 && base_sequence >= -1 && count >= 0 &&
           std::int64_t{count} <= std::int64_t{last_offset_delta} + 1;
}

}  // namespace

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

Result<Item> SegmentCursor::next() {
    const auto head = window_.ensure(pos_, kFrameBytes);
    if (!head) {
        return head.error();
    }
    if (head->empty()) {
        return Item{.outcome = Outcome::end, .position = pos_};
    }
    // Copied, because the search for a gap's end lets go of the bytes that a gap's reason is read from.
    std::array<std::byte, kBatchHeaderBytes> first{};
    const std::size_t first_bytes = std::min(head->size(), first.size());
    std::copy_n(head->begin(), first_bytes, first.begin());
    if (first_bytes >= kFrameBytes) {
        auto item = batch_at(pos_, Bytes(first).first(first_bytes));
        if (!item) {
            return item.error();
        }
        if (item->has_value()) {
            return **item;
        }
    }
    return gap_from(pos_, Bytes(first).first(first_bytes));
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
    const bool adds_up = batch->header().is_legacy() && message_adds_up(*batch);
    const auto leads = adds_up ? Result<bool>(true) : length_leads(at, size);
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

/// Whether the length of a batch whose CRC is wrong, or whose magic is unknown, can be believed.
Result<bool> SegmentCursor::length_leads(FileOffset at, std::size_t size) {
    const FileOffset end = at + size;
    // A good batch that begins inside says that the length reaches too far.
    RangeCrc crcs;
    const auto inside = find_valid(at + 1, end, at, crcs, nullptr);
    if (!inside) {
        return inside.error();
    }
    if (inside->has_value()) {
        return false;
    }
    const auto head = window_.look(at, end, kBatchHeaderBytes);
    if (!head) {
        return head.error();
    }
    if (head->size() < kFrameBytes || all_zero(*head) || plausible(*head, search_limit())) {
        return true;
    }
    // Its header may read oddly and yet be what was written.
    const Frame frame = Frame::of(head->data());
    return frame.known_magic() && frame.length_can_be() ? valid_at(end, frame, at, crcs) : Result<bool>(false);
}

/// The first place in [from, before) where a good batch begins. Keeps the bytes from `keep` on, or those from the place on
/// where `keep` is behind it. Sets `nonzero` where a byte passed over is not zero.
Result<std::optional<FileOffset>> SegmentCursor::find_valid(FileOffset from, FileOffset before, FileOffset keep,
                                                            RangeCrc& crcs, bool* nonzero) {
    const auto note = [nonzero](Bytes passed) {
        if (nonzero != nullptr && !*nonzero) {
            *nonzero = !all_zero(passed);
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
        bool here_nonzero = false;
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
            here_nonzero = bytes[i] != std::byte{0};
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
            note(std::array{here_nonzero ? std::byte{1} : std::byte{0}});
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

namespace {

/// Whether the bytes are ASCII text, as no batch begins: its offset would be above 2^61.
bool is_print(Bytes bytes) {
    return std::ranges::all_of(bytes,
                               [](std::byte b) { return (to_u8(b) >= 0x20 && to_u8(b) < 0x7f) || to_u8(b) == 0x0a; });
}

/// Why the bytes from `head` on are no batch.
/// gap_bytes   how many there are;   at_end   whether the file ends with them
GapReason reason_of(Bytes head, std::uint64_t gap_bytes, bool at_end, bool nonzero) {
    if (!nonzero && (!at_end || gap_bytes >= kLeastZeroFill)) {
        return GapReason::zero_fill;
    }
    if (head.size() < kFrameBytes) {
        return at_end && !is_print(head) ? GapReason::torn_tail : GapReason::garbage;
    }
    wire::Reader in(head);
    const std::int64_t offset = in.i64();
    const std::int64_t size = std::int64_t{in.i32()} + static_cast<std::int64_t>(kLengthFieldEnd);
    in.i32();
    const std::int8_t magic = in.i8();
    const bool fits = size >= least_size(magic) && static_cast<std::uint64_t>(size) <= gap_bytes;
    if (magic < 0 || magic > 2) {
        return fits && offset >= 0 ? GapReason::bad_magic : GapReason::garbage;
    }
    return at_end && offset >= 0 && size >= least_size(magic) && !fits ? GapReason::torn_tail : GapReason::bad_length;
}

}  // namespace

Result<Item> SegmentCursor::gap_from(FileOffset at, Bytes head) {
    RangeCrc crcs;
    bool nonzero = head[0] != std::byte{0};
    constexpr FileOffset kNowhere{UINT64_MAX};
    const auto found = find_valid(at + 1, kNowhere, kNowhere, crcs, &nonzero);
    if (!found) {
        return found.error();
    }
    const bool at_end = !found->has_value();
    const FileOffset end = at_end ? window_.read_to() : **found;
    return gap_item(at, end, reason_of(head, end - at, at_end, nonzero), head);
}

}  // namespace kseg::segment
