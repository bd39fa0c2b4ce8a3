// SPDX-License-Identifier: Apache-2.0
// The coordinator's side of its log: what is appended is true in memory at once, and nobody hears of it before it is
// durable.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>

#include "broker/groups/offsets_log.hpp"

namespace kseg::broker {

class Journal {
  public:
    using Done = std::function<void(const Result<void>&)>;

    explicit Journal(OffsetsLog& log) : log_(&log) {}

    /// Appends a batch.
    /// apply  runs before append() returns, with the first record's offset, where the log took the batch: what replaying
    /// the
    ///        records would do
    /// done   runs once: after `apply`, when the batch is durable; or with an error when it is not, which may be at once
    void append(std::string_view group, OffsetsBatch batch, const std::function<void(std::int64_t)>& apply, Done done);

    /// Runs `done` when everything that was appended so far is durable: at once where it is.
    void when_durable(Done done);

    /// Nothing is written any more: a sync failed, and what is in memory may be more than what a restart finds.
    [[nodiscard]] bool has_failed() const { return failure_.has_value(); }

  private:
    struct Waiter {
        std::uint64_t number;
        Done done;
    };
    void complete(std::uint64_t number, const Result<void>& result, const Done& done);

    OffsetsLog* log_;
    std::uint64_t appended_ = 0;   ///< number of the last append
    std::uint64_t completed_ = 0;  ///< all up to this one are durable, or never will be
    std::deque<Waiter> waiters_{};
    std::optional<Error> failure_{};
};

}  // namespace kseg::broker
