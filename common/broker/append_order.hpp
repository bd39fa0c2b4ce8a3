// SPDX-License-Identifier: Apache-2.0
// Checks batches before they are appended: those that are large once they are decompressed beside the loop, the others on
// it. What comes for a partition is appended in the order in which it came, whichever takes longer. By the loop's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "base/result.hpp"
#include "broker/loop.hpp"
#include "broker/partition.hpp"
#include "broker/workers.hpp"
#include "kafka/record/record.hpp"

namespace kseg::broker {

class AppendOrder {
  public:
    /// max_batch_bytes   a batch that decompresses to more is refused
    AppendOrder(Workers& workers, std::size_t max_batch_bytes);
    AppendOrder(const AppendOrder&) = delete;
    AppendOrder& operator=(const AppendOrder&) = delete;
    ~AppendOrder();

    /// What follows when a batch was checked and it is its turn: it may be appended at once, or not at all.
    using Checked = std::function<void(const Result<void>&)>;
    /// Checks a batch as wal::check_batch() does and calls `then`, at once or later.
    /// needs_keys   as there
    /// batch   its length and header are right; nobody else touches it until then
    /// owner   held until then: has the bytes
    void check(const std::shared_ptr<Partition>& partition, std::span<std::byte> batch, bool needs_keys,
               std::shared_ptr<const void> owner, Checked then);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace kseg::broker
