// SPDX-License-Identifier: Apache-2.0
#include "broker/partition.hpp"

#include <algorithm>

namespace kseg::broker {
namespace {

// A log that another process writes is looked at so often, and only while somebody wants what comes.
constexpr TimestampMs kLookMs = 100;

}  // namespace

Result<std::shared_ptr<Partition>> Partition::open(const Surroundings& around, segment::PartitionName name,
                                                   std::string directory, wal::PartitionLog* log, std::int64_t log_start) {
    std::shared_ptr<Partition> partition(  // NOLINT(*-owning-memory): private
        new Partition(around, std::move(name), std::move(directory), log));
    if (const auto begun = partition->begin(log_start); !begun) {
        return begun.error();
    }
    return partition;
}

Partition::~Partition() {
    detach();
}

Result<void> Partition::begin(std::int64_t log_start) {
    if (auto loaded = segments_.load(); !loaded) {
        return loaded;
    }
    auto epochs = wal::read_leader_epochs(around_.fs, directory() + "/" + std::string(wal::kLeaderEpochs));
    if (epochs) {
        epochs_ = *std::move(epochs);
    }
    if (log_ == nullptr) {
        follower_ = std::make_unique<LogFollower>(around_.fs, segments_);
        if (auto begun = follower_->begin(); !begun) {
            return begun;
        }
        visible_ = follower_->end();
        leader_epoch_ = epochs_.empty() ? 0 : epochs_.back().epoch;
    } else {
        visible_ = log_->end();
        leader_epoch_ = log_->leader_epoch();
        // Told on another thread; by then the partition may be gone.
        log_->on_complete = [self = weak_from_this(), &loop = around_.loop](wal::Ticket, const Result<void>& outcome) {
            loop.post([self, outcome] {
                if (const auto partition = self.lock()) {
                    partition->on_synced(outcome);
                }
            });
        };
    }
    if (epochs_.empty()) {
        epochs_.push_back({.epoch = leader_epoch_, .start_offset = segments_.first_base()});
    }
    given_start_ = log_start;
    archives_known_ = around_.archived == nullptr;
    log_start_ = std::clamp(log_start, segments_.first_base(), std::max(visible_.offset, segments_.first_base()));
    return {};
}

void Partition::learn_archives(std::optional<std::int64_t> first_archived) {
    archives_known_ = true;
    const std::int64_t first = std::min(first_archived.value_or(segments_.first_base()), segments_.first_base());
    log_start_ = std::clamp(given_start_, first, std::max(visible_.offset, first));
}

void Partition::detach() {
    if (detached_) {
        return;
    }
    detached_ = true;
    around_.loop.cancel(look_timer_);
    if (log_ != nullptr) {
        log_ = nullptr;
    }
    const auto completions = std::move(completions_);
    completions_.clear();
    for (const auto& [ticket, then] : completions) {
        then(Error{.code = Errc::io, .what = "the partition was deleted", .file = directory()});
    }
    const auto waiters = std::move(waiters_);
    waiters_.clear();
    for (const auto& [id, then] : waiters) {
        then();
    }
}

std::int64_t Partition::end_offset() const {
    return log_ == nullptr ? visible_.offset : log_->end_offset();
}

std::int64_t Partition::last_stable_offset() const {
    const std::int64_t stable = log_ != nullptr        ? log_->last_stable_offset()
                                : follower_ != nullptr ? follower_->last_stable_offset()
                                                       : visible_.offset;
    return std::min(visible_.offset, stable);
}

std::int64_t Partition::largest_producer_id() const {
    return log_ == nullptr ? -1 : log_->largest_producer_id();
}

void Partition::expire_producers(TimestampMs time) {
    if (log_ != nullptr) {
        log_->expire_producers(time);
    }
}

Result<wal::Appended> Partition::append(std::span<std::byte> batch, const wal::AppendOptions& how) {
    if (log_ == nullptr) {
        return Error{.code = Errc::unsupported, .what = "the log is read-only", .file = directory()};
    }
    auto appended = log_->append(batch, how);
    if (!appended || appended->duplicate) {
        return appended;
    }
    const bool sealed = segments_.note(*appended, batch.size());
    pending_.push_back({.ticket = appended->ticket,
                        .end = {.offset = appended->last_offset + 1,
                                .segment = appended->segment,
                                .position = appended->position + batch.size()}});
    // Without syncs it is complete already, and nobody tells.
    if (const wal::Ticket completed = log_->completed(); completed >= appended->ticket) {
        complete_up_to(completed);
    }
    if (sealed && around_.on_sealed) {
        around_.on_sealed(*this);
    }
    return appended;
}

wal::ProducerStates::Check Partition::check_producer(const record::BatchHeader& header) const {
    return log_ == nullptr ? wal::ProducerStates::Check{} : log_->check_producer(header);
}

void Partition::when_complete(wal::Ticket ticket, Completion then) {
    if (log_ == nullptr || ticket > completed_) {
        if (log_ != nullptr && !log_->failure()) {
            completions_.emplace(ticket, std::move(then));
            return;
        }
        const Error error = log_ == nullptr
                                ? Error{.code = Errc::io, .what = "the partition was deleted", .file = directory()}
                                : *log_->failure();
        around_.loop.post([then = std::move(then), error] { then(error); });
        return;
    }
    around_.loop.post([then = std::move(then)] { then({}); });
}

void Partition::on_synced(const Result<void>& outcome) {
    if (log_ == nullptr) {
        return;
    }
    complete_up_to(log_->completed());
    if (outcome) {
        return;
    }
    // What is not complete never will be, and is not in the log any more.
    pending_.clear();
    const auto completions = std::move(completions_);
    completions_.clear();
    for (const auto& [ticket, then] : completions) {
        then(outcome);
    }
}

void Partition::complete_up_to(wal::Ticket ticket) {
    completed_ = std::max(completed_, ticket);
    const std::int64_t before = visible_.offset;
    while (!pending_.empty() && pending_.front().ticket <= completed_) {
        visible_ = pending_.front().end;
        pending_.pop_front();
    }
    std::vector<Completion> done;
    const auto end = completions_.upper_bound(completed_);
    for (auto at = completions_.begin(); at != end; ++at) {
        done.push_back(std::move(at->second));
    }
    completions_.erase(completions_.begin(), end);
    for (const Completion& then : done) {
        then({});
    }
    if (visible_.offset != before) {
        wake_waiters();
    }
}

void Partition::wake_waiters() {
    // A waiter may forget itself or others.
    std::vector<WaiterId> ids;
    for (const auto& [id, then] : waiters_) {
        ids.push_back(id);
    }
    for (const WaiterId id : ids) {
        if (const auto found = waiters_.find(id); found != waiters_.end()) {
            const auto then = found->second;
            then();
        }
    }
}

void Partition::refresh() {
    if (follower_ == nullptr || detached_ || around_.loop.now() < looked_ + kLookMs) {
        return;
    }
    // What cannot be read now is tried again; what was there is still served.
    (void)follower_->look();
    looked_ = around_.loop.now();
    const bool moved = visible_.offset != follower_->end().offset;
    visible_ = follower_->end();
    if (moved) {
        wake_waiters();
    }
}

/// As long as anybody waits.
void Partition::keep_looking() {
    look_timer_ = around_.loop.at(around_.loop.now() + kLookMs, [self = weak_from_this()] {
        if (const auto partition = self.lock()) {
            partition->look_timer_ = 0;
            partition->refresh();
            if (!partition->waiters_.empty() && partition->look_timer_ == 0) {
                partition->keep_looking();
            }
        }
    });
}

Partition::WaiterId Partition::add_waiter(std::function<void()> then) {
    waiters_.emplace(++last_waiter_, std::move(then));
    if (follower_ != nullptr && look_timer_ == 0 && !detached_) {
        keep_looking();
    }
    return last_waiter_;
}

Result<LogSegments::Slice> Partition::read(std::int64_t from, bool stable, std::uint64_t max_bytes, bool at_least_one) {
    wal::LogEnd end = visible_;
    if (const std::int64_t stable_end = last_stable_offset(); stable && stable_end < end.offset) {
        const auto located = segments_.locate(stable_end, visible_);
        if (!located) {
            return located.error();
        }
        end = *located;
    }
    if (from >= end.offset) {
        return LogSegments::Slice{.next_offset = from};
    }
    return segments_.read(from, end, max_bytes, at_least_one);
}

Result<void> Partition::remove_below(std::int64_t offset) {
    given_start_ = std::max(given_start_, std::min(offset, visible_.offset));
    log_start_ = std::max(log_start_, given_start_);
    return segments_.remove_below(log_start_);
}

Result<void> Partition::remove_local_below(std::int64_t offset) {
    return segments_.remove_below(std::min(offset, visible_.offset));
}

Result<std::uint64_t> Partition::size_bytes() {
    const auto sealed = segments_.sealed();
    if (!sealed) {
        return sealed.error();
    }
    std::uint64_t sum = log_ == nullptr ? visible_.position : log_->end().position;
    for (const LogSegments::Info& segment : *sealed) {
        sum += segment.size;
    }
    return sum;
}

std::optional<wal::LeaderEpoch> Partition::end_of_epoch(std::int32_t epoch) const {
    if (epoch < 0 || epoch > leader_epoch_) {
        return std::nullopt;
    }
    const auto after = std::ranges::upper_bound(epochs_, epoch, {}, &wal::LeaderEpoch::epoch);
    if (after == epochs_.end()) {
        return wal::LeaderEpoch{.epoch = leader_epoch_, .start_offset = visible_.offset};
    }
    // Of an epoch before the first that is known, only where it ended is.
    const std::int32_t found = after == epochs_.begin() ? epoch : std::prev(after)->epoch;
    return wal::LeaderEpoch{.epoch = found, .start_offset = after->start_offset};
}

}  // namespace kseg::broker
