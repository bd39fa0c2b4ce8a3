// SPDX-License-Identifier: Apache-2.0
#include "broker/timer_queue.hpp"

namespace kseg::broker {

TimerId TimerQueue::add(TimestampMs deadline, Loop::Task task) {
    const TimerId id = ++last_id_;
    by_time_.emplace(Key{deadline, id}, std::move(task));
    deadlines_.emplace(id, deadline);
    return id;
}

void TimerQueue::cancel(TimerId timer) {
    const auto found = deadlines_.find(timer);
    if (found != deadlines_.end()) {
        by_time_.erase(Key{found->second, timer});
        deadlines_.erase(found);
    }
}

std::optional<TimestampMs> TimerQueue::next() const {
    return by_time_.empty() ? std::nullopt : std::optional(by_time_.begin()->first.first);
}

void TimerQueue::run_due(TimestampMs now) {
    const TimerId newest = last_id_;
    auto next = by_time_.begin();
    while (next != by_time_.end() && next->first.first <= now) {
        const Key key = next->first;
        if (key.second > newest) {
            ++next;
            continue;
        }
        const Loop::Task task = std::move(next->second);
        by_time_.erase(next);
        deadlines_.erase(key.second);
        task();
        // The task may have taken any other back.
        next = by_time_.upper_bound(key);
    }
}

}  // namespace kseg::broker
