// SPDX-License-Identifier: Apache-2.0
#include "wal/chronik_cursor.hpp"

#include <algorithm>
#include <cstring>

namespace kseg::wal {
namespace {

using segment::GapReason;
using segment::Item;
using segment::Outcome;
using State = ChronikFrame::State;

constexpr segment::GapWords kWords{.unit = "record", .magic = "record version; expected 0x01 or 0x02"};
// The search behind damage looks for records up to this size, or twice the largest good one seen.
constexpr std::uint64_t kSearchBytes = std::uint64_t{16} << 20;
// A record above this is checked by looking ahead, where the source can, before room is made for it.
constexpr std::uint64_t kLargeBytes = std::uint64_t{8} << 20;
// What searches may spend on looking at records, in entries and headers read: a start, and more for each byte of the file.
// Beyond that they take none above kCheapBytes, so that no file makes them read each of its bytes many times.
constexpr std::uint64_t kFreeWork = std::uint64_t{1} << 20;
constexpr std::uint64_t kWorkForByte = 16;
constexpr std::uint64_t kBytesForWork = 64;  // of a CRC
constexpr std::uint64_t kCheapBytes = std::uint64_t{4} << 10;

bool all_zero(Bytes bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

ChronikCursor::ChronikCursor(io::Window& window, FileOffset start, ChronikCursorOptions options)
    : window_(window),
      start_(start),
      pos_(start),
      options_(options),
      batches_(options.max_batch_bytes),
      piece_(std::make_shared<ByteBuffer>()) {}

/// The largest record that a search takes at `at`.
std::uint64_t ChronikCursor::search_limit(FileOffset at) const {
    if (work_ > kFreeWork + kWorkForByte * (at - start_)) {
        return kCheapBytes;
    }
    return std::min(options_.max_batch_bytes, std::max(kSearchBytes, 2 * largest_good_));
}

Result<Item> ChronikCursor::next() {
    warnings_.clear();
    if (given_ < pending_.size()) {
        return pending_[given_++];
    }
    const auto frame = frame_at(pos_, pos_);
    if (!frame) {
        return frame.error();
    }
    const auto head = window_.ensure(pos_, 1);
    if (!head) {
        return head.error();
    }
    if (head->empty()) {
        return Item{.outcome = Outcome::end, .position = pos_};
    }
    const bool begins_with_zero = head->front() == std::byte{0};
    const std::uint64_t work_before = work_;
    std::uint64_t size = 0;
    const auto record = record_at(pos_, pos_, options_.max_batch_bytes, size);
    if (!record) {
        return record.error();
    }
    if (*record) {
        work_ = work_before;  // reading what is whole is no search
    }
    return *record ? give(**record, pos_, size) : gap_from(pos_, *frame, begins_with_zero);
}

/// What the bytes at `at` say. Keeps those from `keep` on.
Result<ChronikFrame> ChronikCursor::frame_at(FileOffset keep, FileOffset at) {
    const std::uint64_t skip = at - keep;
    ChronikFrame frame;
    // First as little as tells the size, so that nothing behind the record is waited for in a file that grows.
    std::uint64_t want = kChronikV1HeaderBytes;
    for (std::uint64_t had = 0; want > had;) {
        const auto head = window_.ensure(keep, skip + want);
        if (!head) {
            return head.error();
        }
        const Bytes bytes = head->size() > skip ? head->subspan(skip) : Bytes{};
        had = want;
        frame = check_chronik_frame(bytes.first(std::min<std::size_t>(bytes.size(), want)));
        if (frame.state == State::plausible) {
            want = std::min<std::uint64_t>(frame.size, kChronikFrameBytes);
        }
    }
    return frame;
}

/// The whole record at `at`, or nothing. Keeps the bytes from `keep` on.
/// size   of the record
Result<std::optional<ChronikRecord>> ChronikCursor::record_at(FileOffset keep, FileOffset at, std::uint64_t most_bytes,
                                                              std::uint64_t& size) {
    const auto frame = frame_at(keep, at);
    if (!frame) {
        return frame.error();
    }
    size = frame->size;
    if (frame->state != State::plausible || size > most_bytes) {
        return std::optional<ChronikRecord>{};
    }
    const std::uint64_t skip = at - keep;
    if (size > kLargeBytes) {
        const auto last = window_.look(keep, at + (size - 1), 1);
        if (!last) {
            return last.error();
        }
        if (last->empty()) {
            return std::optional<ChronikRecord>{};
        }
    }
    const auto bytes = window_.ensure(keep, skip + size);
    if (!bytes) {
        return bytes.error();
    }
    if (bytes->size() < skip + size) {
        return std::optional<ChronikRecord>{};
    }
    auto record = parse_chronik_record(bytes->subspan(skip, size), work_);
    if (record) {
        work_ += size / kBytesForWork;
    }
    return record;
}

/// Makes items of a record's batches and returns the first.
Result<Item> ChronikCursor::give(const ChronikRecord& record, FileOffset at, std::uint64_t size) {
    const auto converted = batches_.convert(record);
    if (converted || converted.error().code != Errc::io) {
        pos_ = at + size;
        largest_good_ = std::max(largest_good_, size);
        warnings_ = batches_.warnings();
    }
    if (!converted) {
        if (converted.error().code == Errc::io) {
            return converted.error();
        }
        warnings_.push_back(converted.error().what);
        return Item{.outcome = Outcome::gap, .position = at, .size = size, .reason = GapReason::garbage, .words = &kWords};
    }
    partition_.reset();
    if (record.version == 2) {
        partition_ = {.topic = std::string(record.topic), .partition = record.partition};
    }
    std::size_t begin = 0;
    if (batches_.bytes().size() > options_.piece_bytes) {
        piece_ = std::make_shared<ByteBuffer>(batches_.take_bytes());
    } else {
        const Bytes made = batches_.bytes();
        if (piece_->capacity() - piece_->size() < made.size()) {
            piece_ = std::make_shared<ByteBuffer>();
            piece_->reserve(options_.piece_bytes);
        }
        begin = piece_->size();
        piece_->append(made);
    }
    pending_.clear();
    given_ = 0;
    std::size_t from = 0;
    for (const std::size_t end : batches_.ends()) {
        const Bytes whole = piece_->bytes().subspan(begin + from, end - from);
        // Its bytes need not stand in the file so, hence positions in them count from its own begin.
        const auto batch = record::BatchView::parse(whole, {});
        const std::uint32_t crc = batch->compute_crc();
        pending_.push_back({.outcome = Outcome::batch,
                            .position = at,
                            .size = whole.size(),
                            .batch = *batch,
                            .crc_valid = crc == batch->header().crc,
                            .crc_computed = crc});
        from = end;
    }
    return pending_[given_++];
}

/// The first place from `from` on where a whole record begins. The window keeps the bytes from there on. Sets `nonzero`
/// where a byte passed over is not zero.
Result<std::optional<FileOffset>> ChronikCursor::find_record(FileOffset from, bool& nonzero) {
    for (FileOffset at = from;;) {
        const auto got = window_.ensure(at, 1);
        if (!got) {
            return got.error();
        }
        if (got->empty()) {
            return std::optional<FileOffset>{};
        }
        const auto* const hit = static_cast<const std::byte*>(std::memchr(got->data(), kChronikFirstByte, got->size()));
        const std::size_t passed = hit == nullptr ? got->size() : static_cast<std::size_t>(hit - got->data());
        nonzero = nonzero || !all_zero(got->first(passed));
        at = at + passed;
        if (hit == nullptr) {
            continue;
        }
        std::uint64_t size = 0;
        const auto record = record_at(at, at, search_limit(at), size);
        if (!record) {
            return record.error();
        }
        if (*record) {
            return std::optional(at);
        }
        nonzero = true;
        at = at + 1;
    }
}

/// Where a gap ends whose own length would have it end at `claimed`, and inside of which a record was found. It may be a
/// record that follows where the length is wrong, or bytes of a value that happen to be one.
Result<FileOffset> ChronikCursor::end_of_gap(FileOffset found, FileOffset claimed) {
    FileOffset at = found;
    std::uint64_t size = 0;
    while (at < claimed) {
        const auto record = record_at(found, at, search_limit(at), size);
        if (!record) {
            return record.error();
        }
        if (!*record) {
            break;
        }
        at = at + size;
    }
    if (at == claimed) {
        return found;
    }
    const auto next = record_at(found, claimed, search_limit(found), size);
    if (!next) {
        return next.error();
    }
    return next->has_value() || window_.read_to() == claimed ? claimed : found;
}

/// The gap that begins at `at`.
/// frame   what the bytes there say
Result<Item> ChronikCursor::gap_from(FileOffset at, const ChronikFrame& frame, bool begins_with_zero) {
    bool nonzero = !begins_with_zero;
    const auto found = find_record(at + 1, nonzero);
    if (!found) {
        return found.error();
    }
    const bool at_end = !found->has_value();
    FileOffset end = at_end ? window_.read_to() : **found;
    const bool has_length = frame.state == State::plausible || frame.state == State::bad_length;
    const bool fits = frame.state == State::plausible && frame.size <= options_.max_batch_bytes;
    if (fits && !at_end && at + frame.size > end) {
        const auto chosen = end_of_gap(end, at + frame.size);
        if (!chosen) {
            return chosen.error();
        }
        end = *chosen;
    }
    pos_ = end;
    Item item{.outcome = Outcome::gap, .position = at, .size = end - at, .words = &kWords};
    if (has_length) {
        item.length_found = frame.length;
        item.length_excludes = frame.version == 1 ? 0 : kChronikV2HeaderBytes;
    }
    if (!nonzero) {
        item.reason = GapReason::zero_fill;
    } else if (at_end && (frame.state == State::too_short || (fits && at + frame.size > end))) {
        item.outcome = Outcome::torn_tail;
        item.reason = GapReason::torn_tail;
    } else if (frame.state == State::bad_version) {
        item.reason = GapReason::bad_magic;
        item.magic_found = static_cast<std::int8_t>(frame.version);
    } else if (has_length && !(fits && at + frame.size == end)) {
        item.reason = GapReason::bad_length;
    } else {
        item.reason = GapReason::garbage;
    }
    return item;
}

}  // namespace kseg::wal
