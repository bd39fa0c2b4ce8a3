// SPDX-License-Identifier: Apache-2.0
#include "broker/log_follower.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "kafka/record/batch.hpp"
#include "kafka/segment/frame.hpp"
#include "kafka/wire/reader.hpp"
#include "wal/files.hpp"
#include "wal/producer_state.hpp"

namespace kseg::broker {
namespace {

// Of one look, which is made by the loop's thread.
constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;
// Of one batch, and so of memory: Kafka's largest request.
constexpr std::int64_t kMostBatchBytes = std::int64_t{100} << 20;
constexpr std::size_t kAttributesAt = record::kCrcCoverAt;
constexpr std::size_t kProducerAt = kAttributesAt + 2 + 4 + 8 + 8;  // attributes, last delta, two timestamps
constexpr std::size_t kHeadBytes = record::kBatchHeaderBytes;

}  // namespace

Result<void> LogFollower::open_segment(std::int64_t base) {
    auto file = fs_.open(wal::file_beside(segments_.directory(), base, ".log"));
    if (!file) {
        return file.error();
    }
    file_ = *std::move(file);
    return {};
}

Result<void> LogFollower::begin() {
    const auto end = segments_.find_end();
    if (!end) {
        return end.error();
    }
    end_ = *end;
    const auto there = fs_.info(wal::file_beside(segments_.directory(), end_.segment, ".log"));
    if (!there || !there->has_value()) {
        return there ? Result<void>() : there.error();
    }
    if (auto opened = open_segment(end_.segment); !opened) {
        return opened;
    }
    return load_transactions();
}

Result<void> LogFollower::load_transactions() {
    const auto names = fs_.list(segments_.directory());
    if (!names) {
        return names.error();
    }
    std::int64_t from = end_.segment;
    const std::vector<std::int64_t> snapshots = wal::offsets_in(*names, ".snapshot");
    for (auto at = snapshots.rbegin(); at != snapshots.rend() && *at >= end_.segment; ++at) {
        const auto content = wal::read_file(fs_, wal::file_beside(segments_.directory(), *at, ".snapshot"));
        const auto states = content && *at <= end_.offset ? wal::ProducerStates::from_snapshot(content->bytes())
                                                          : Result<wal::ProducerStates>(Error{});
        if (states) {
            for (const auto& [id, producer] : states->producers()) {
                if (producer.transaction_start >= 0) {
                    open_[id] = producer.transaction_start;
                }
            }
            from = *at;
            break;
        }
    }
    const auto start = segments_.locate(from, end_);
    if (!start) {
        return start.error();
    }
    std::array<std::byte, kHeadBytes> head{};
    for (std::uint64_t at = start->segment == end_.segment ? start->position : 0; at < end_.position;) {
        const auto got = file_->read_at(at, head);
        if (!got) {
            return got.error();
        }
        const segment::Frame frame = segment::Frame::of(head.data());
        if (*got < head.size() || !frame.length_can_be()) {
            break;  // a message set's last: it has no transactions
        }
        apply(head, frame.offset);
        at += static_cast<std::uint64_t>(frame.size);
    }
    return {};
}

/// Notes where a transaction begins and ends.
void LogFollower::apply(Bytes head, std::int64_t offset) {
    const auto attributes = wire::load_big<std::int16_t>(head.data() + kAttributesAt);
    if (static_cast<std::int8_t>(head[record::kMagicAt]) < 2 || (attributes & record::kTransactionalBit) == 0) {
        return;
    }
    const auto producer = wire::load_big<std::int64_t>(head.data() + kProducerAt);
    if ((attributes & record::kControlBit) != 0) {
        open_.erase(producer);
    } else {
        open_.try_emplace(producer, offset);
    }
}

std::int64_t LogFollower::last_stable_offset() const {
    std::int64_t first = end_.offset;
    for (const auto& [producer, begin] : open_) {
        first = std::min(first, begin);
    }
    return first;
}

Result<void> LogFollower::look() {
    for (std::uint64_t taken = 0; taken < kMostBytes;) {
        const auto size = take_next();
        if (!size) {
            return size.error();
        }
        if (*size != 0) {
            taken += *size;
            continue;
        }
        // The next segment is named by the offset that comes next.
        const auto next = fs_.info(wal::file_beside(segments_.directory(), end_.offset, ".log"));
        if (!next || !next->has_value() || (end_.offset == end_.segment && file_ != nullptr)) {
            return next ? Result<void>() : next.error();
        }
        if (auto opened = open_segment(end_.offset); !opened) {
            return opened;
        }
        end_ = {.offset = end_.offset, .segment = end_.offset, .position = 0};
    }
    return {};
}

/// One batch; returns its bytes, 0 where none is whole.
Result<std::uint64_t> LogFollower::take_next() {
    if (file_ == nullptr) {
        return std::uint64_t{0};
    }
    std::array<std::byte, kHeadBytes> head{};
    const auto got = file_->read_at(end_.position, head);
    if (!got) {
        return got.error();
    }
    const segment::Frame frame = segment::Frame::of(head.data());
    if (*got < head.size() || frame.magic != 2 || !frame.length_can_be() || frame.size > kMostBatchBytes ||
        frame.offset < end_.offset) {
        return std::uint64_t{0};
    }
    batch_.resize(static_cast<std::size_t>(frame.size));
    const auto whole = file_->read_at(end_.position, {batch_.data(), batch_.size()});
    if (!whole) {
        return whole.error();
    }
    const auto batch = record::BatchView::parse(batch_.bytes(), {});
    if (*whole < batch_.size() || !batch || batch->compute_crc() != batch->header().crc ||
        batch->header().last_offset_delta < 0 ||
        frame.offset > std::numeric_limits<std::int64_t>::max() - batch->header().last_offset_delta - 1) {
        return std::uint64_t{0};
    }
    const std::int64_t last = frame.offset + batch->header().last_offset_delta;
    (void)segments_.note(
        {.base_offset = frame.offset, .last_offset = last, .segment = end_.segment, .position = end_.position},
        batch_.size());
    apply(head, frame.offset);
    end_.offset = last + 1;
    end_.position += batch_.size();
    return std::uint64_t{batch_.size()};
}

}  // namespace kseg::broker
