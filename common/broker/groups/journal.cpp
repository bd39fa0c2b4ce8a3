// SPDX-License-Identifier: Apache-2.0
#include "broker/groups/journal.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace kseg::broker {

void Journal::append(std::string_view group, OffsetsBatch batch, const std::function<void(std::int64_t)>& apply,
                     Done done) {
    if (failure_) {
        done(*failure_);
        return;
    }
    // A log that syncs nothing calls back during its append, and nobody may be answered before `apply`.
    struct State {
        bool is_applied = false;
        bool is_durable = false;
        Result<void> result{};
        Done done;
    };
    const auto state = std::make_shared<State>();
    state->done = std::move(done);
    const std::uint64_t number = appended_ + 1;
    const auto offset = log_->append(group, std::move(batch), [this, state, number](const Result<void>& result) {
        if (!state->is_applied) {
            state->is_durable = true;
            state->result = result;
            return;
        }
        complete(number, result, state->done);
    });
    if (!offset) {
        state->done(offset.error());
        return;
    }
    appended_ = number;
    if (apply) {
        apply(*offset);
    }
    state->is_applied = true;
    if (state->is_durable) {
        complete(number, state->result, state->done);
    }
}

void Journal::when_durable(Done done) {
    if (completed_ == appended_) {
        done(failure_ ? Result<void>(*failure_) : Result<void>());
        return;
    }
    waiters_.push_back({appended_, std::move(done)});
}

void Journal::complete(std::uint64_t number, const Result<void>& result, const Done& done) {
    completed_ = std::max(completed_, number);
    if (!result && !failure_) {
        failure_ = result.error();
    }
    done(result);
    while (!waiters_.empty() && waiters_.front().number <= completed_) {
        const Waiter waiter = std::move(waiters_.front());
        waiters_.pop_front();
        waiter.done(failure_ ? Result<void>(*failure_) : Result<void>());
    }
}

}  // namespace kseg::broker
