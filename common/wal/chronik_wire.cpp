// SPDX-License-Identifier: Apache-2.0
// Batches that a record kept as they came off the wire, and the offsets that they were given since.
#include <fmt/format.h>

#include <algorithm>

#include "base/checked.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"
#include "wal/chronik_batches.hpp"

namespace kseg::wal {

/// The offsets of a batch as they are stored.
struct ChronikBatches::Extent {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t records = 0;
    bool reads = true;  ///< all records of its body can be read, as far as it was looked at
    bool rises = true;  ///< and their offsets rise
};

namespace {

/// The batches of `wire`, back to back. Returns how many bytes at its end are none.
std::size_t split(Bytes wire, std::vector<record::BatchView>& out) {
    out.clear();
    while (wire.size() >= record::kFrameBytes) {
        const auto length = wire::load_big<std::int32_t>(wire.data() + 8);
        if (length < 0 || static_cast<std::size_t>(length) > wire.size() - record::kLengthFieldEnd) {
            break;
        }
        const std::size_t size = record::kLengthFieldEnd + static_cast<std::size_t>(length);
        const auto batch = record::BatchView::parse(wire.first(size), {});
        if (!batch) {
            break;
        }
        out.push_back(*batch);
        wire = wire.subspan(size);
    }
    return wire.size();
}

}  // namespace

/// Reads the records of a message set's batch; of magic 2 the header says it all.
ChronikBatches::Extent ChronikBatches::extent_of(const record::BatchView& batch) {
    const record::BatchHeader& header = batch.header();
    if (!header.is_legacy()) {
        return {.first = header.base_offset,
                .last = std::max(header.base_offset, header.last_offset()),
                .records = header.records_count};
    }
    Extent extent{.first = header.base_offset, .last = header.base_offset};
    reader_.open(batch);
    record::RecordView view;
    while (reader_.next(view)) {
        if (extent.records++ == 0) {
            extent.first = view.offset;
        }
        extent.last = view.offset;
    }
    extent.rises = reader_.problem() == record::Problem::none;
    extent.reads = extent.rises || reader_.problem() == record::Problem::bad_delta;
    return extent;
}

/// Whether the bytes are whole batches, where the body of one is to be expected: some writers put all of it there.
bool ChronikBatches::is_wire(Bytes body) {
    return split(body, wire_) == 0 && !wire_.empty() && !wire_.front().header().is_legacy();
}

/// Takes over batches that are in wire form. False, with a warning, where the bytes are not whole batches and there is
/// something else to make them from.
/// name            of the field, for the warning
/// is_last_resort  whether there is nothing else
bool ChronikBatches::from_wire(Bytes wire, std::string_view name, bool is_last_resort, Result<void>& outcome) {
    if (const std::size_t rest = split(wire, wire_); rest != 0 || wire_.empty()) {
        warnings_.push_back(fmt::format("{}; expected whole batches, got {} bytes that are none", name, rest));
        if (!is_last_resort || wire_.empty()) {
            return false;
        }
    }
    std::vector<Extent> extents;
    extents.reserve(wire_.size());
    bool assigned = true;
    std::int64_t least = next_offset_;
    for (const record::BatchView& batch : wire_) {
        extents.push_back(extent_of(batch));
        const bool follows = extents.size() == 1 ? extents.back().first == least : extents.back().first >= least;
        assigned = assigned && follows && extents.back().rises;
        least = wrapping_add(extents.back().last, 1);
    }
    for (std::size_t i = 0; i < wire_.size() && outcome; ++i) {
        if (assigned) {
            out_.append(wire_[i].bytes());
            ends_.push_back(out_.size());
            next_offset_ = wrapping_add(extents[i].last, 1);
        } else {
            outcome = add_renumbered(wire_[i], extents[i]);
        }
        records_ += extents[i].records;
    }
    return true;
}

/// Appends a batch with offsets from next_offset_ on, patched where no CRC covers them.
Result<void> ChronikBatches::add_renumbered(const record::BatchView& batch, const Extent& extent) {
    const std::size_t begin = out_.size();
    out_.append(batch.bytes());
    if (!batch.header().is_legacy()) {
        wire::store_big(out_.data() + begin, next_offset_);
        ends_.push_back(out_.size());
        next_offset_ = wrapping_add(next_offset_, wrapping_sub(extent.last, extent.first) + 1);
        return {};
    }
    // A message has its own offset, a compressed one that of the last inside.
    const std::int64_t count = std::max<std::int64_t>(extent.records, 1);
    const std::int64_t last = wrapping_add(next_offset_, count - 1);
    wire::store_big(out_.data() + begin, last);
    if (batch.header().codec_id() != 0 && extent.reads) {
        const auto patched = record::BatchView::parse(out_.bytes().subspan(begin), {});
        const Extent now = patched ? extent_of(*patched) : Extent{.rises = false};
        if (!now.rises || now.first != next_offset_ || now.last != last) {
            out_.resize(begin);
            return add_upgraded(batch);
        }
    }
    ends_.push_back(out_.size());
    next_offset_ = wrapping_add(last, 1);
    return {};
}

/// Appends a compressed message as a batch of magic 2: the offsets inside it cannot be changed where it stands.
Result<void> ChronikBatches::add_upgraded(const record::BatchView& batch) {
    constexpr std::uint16_t kKept = record::kCodecMask | record::kLogAppendTimeBit;
    record::BatchHeader header;
    header.base_offset = next_offset_;
    header.max_timestamp = batch.header().max_timestamp;
    header.attributes =
        static_cast<std::uint16_t>(batch.header().attributes & (batch.header().magic == 0 ? record::kCodecMask : kKept));
    builder_.begin(header);
    reader_.open(batch);
    record::RecordView view;
    while (reader_.next(view)) {
        view.offset = next_offset_;
        view.attributes = 0;
        if (auto added = builder_.add(view); !added) {
            return added;
        }
        next_offset_ = wrapping_add(next_offset_, 1);
    }
    if (auto finished = builder_.finish(out_); !finished) {
        return finished;
    }
    ends_.push_back(out_.size());
    return {};
}

}  // namespace kseg::wal
