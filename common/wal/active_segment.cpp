// SPDX-License-Identifier: Apache-2.0
#include "wal/active_segment.hpp"

#include <algorithm>
#include <limits>

#include "wal/files.hpp"

namespace kseg::wal {
namespace {

constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostRelative = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

}  // namespace

Result<std::unique_ptr<ActiveSegment>> ActiveSegment::create(io::Fs& fs, const std::string& directory,
                                                             std::int64_t base_offset, TimestampMs now, bool& log_made) {
    log_made = false;
    std::unique_ptr<ActiveSegment> segment(new ActiveSegment(  // NOLINT(*-owning-memory): private
        file_beside(directory, base_offset, ".log"), base_offset, now));
    // The log comes last: what makes the segment before it sealed is that this name exists.
    auto indexes = IndexFiles::open(fs, directory, base_offset, {.builder = segment::IndexBuilder(base_offset)});
    if (!indexes) {
        return indexes.error();
    }
    segment->indexes_ = *std::move(indexes);
    auto log = fs.create(segment->path_);
    if (!log) {
        // An error does not say that the name was not made.
        const auto there = fs.info(segment->path_);
        log_made = !there || there->has_value();
        return log.error();
    }
    log_made = true;
    segment->log_ = *std::move(log);
    return segment;
}

Result<std::unique_ptr<ActiveSegment>> ActiveSegment::open(io::Fs& fs, const std::string& directory,
                                                           std::int64_t base_offset, std::uint64_t size,
                                                           TimestampMs first_timestamp, TimestampMs now,
                                                           IndexFiles::State state) {
    std::unique_ptr<ActiveSegment> segment(new ActiveSegment(  // NOLINT(*-owning-memory): private
        file_beside(directory, base_offset, ".log"), base_offset, now));
    segment->size_ = size;
    segment->first_timestamp_ = first_timestamp;
    auto log = fs.open_writable(segment->path_);
    if (!log) {
        return log.error();
    }
    segment->log_ = *std::move(log);
    auto indexes = IndexFiles::open(fs, directory, base_offset, std::move(state));
    if (!indexes) {
        return indexes.error();
    }
    segment->indexes_ = *std::move(indexes);
    return segment;
}

bool ActiveSegment::must_roll_for(const record::BatchHeader& batch, std::uint64_t batch_bytes, TimestampMs now,
                                  std::uint64_t segment_bytes, std::optional<std::int64_t> segment_age_ms) const {
    if (batch.last_offset() - base_offset_ > kMostRelative) {
        return true;
    }
    if (size_ == 0) {
        return false;
    }
    const bool by_records = first_timestamp_ >= 0 && batch.max_timestamp >= 0;
    const std::int64_t age = by_records ? batch.max_timestamp - first_timestamp_ : now - opened_at_;
    return size_ + batch_bytes > std::min(segment_bytes, kMostBytes) || (segment_age_ms && age > *segment_age_ms) ||
           indexes_->is_full();
}

Result<void> ActiveSegment::append(const record::BatchView& batch) {
    if (auto written = log_->write_at(size_, batch.bytes()); !written) {
        // Nothing may be written behind torn bytes, nor over them before they are durably gone: after a power cut parts of
        // both could stand side by side.
        if (cut(size_)) {
            torn_ = !log_->sync();
        }
        return written;
    }
    if (auto added = indexes_->add(segment::IndexedBatch{.position = {size_},
                                                         .last_offset = batch.header().last_offset(),
                                                         .max_timestamp = batch.header().max_timestamp});
        !added) {
        (void)cut(size_);
        return added;
    }
    if (size_ == 0) {
        first_timestamp_ = batch.header().max_timestamp;
    }
    size_ += batch.bytes().size();
    return {};
}

Result<void> ActiveSegment::write_again(std::uint64_t from) {
    if (auto sized = cut(size_); !sized) {
        return sized;
    }
    ByteBuffer piece;
    piece.resize(kPieceBytes);
    while (from < size_) {
        const auto got = log_->read_at(from, {piece.data(), std::min<std::uint64_t>(piece.size(), size_ - from)});
        if (!got) {
            return got.error();
        }
        if (*got == 0) {
            return Error{.code = Errc::truncated, .what = "became shorter", .at = from};
        }
        if (auto written = log_->write_at(from, piece.bytes().first(*got)); !written) {
            return written;
        }
        from += *got;
    }
    return {};
}

Result<void> ActiveSegment::cut(std::uint64_t size) {
    auto done = log_->resize(size);
    torn_ = !done;
    if (done) {
        size_ = size;
    }
    return done;
}

}  // namespace kseg::wal
