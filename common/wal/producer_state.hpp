// SPDX-License-Identifier: Apache-2.0
// What a partition knows of its producers: enough to tell a batch that came twice, and which transactions are open.
// Layout of snapshots: man/kseg-segment.5, FILES BESIDE A SEGMENT. Source: Kafka 4.1, ProducerStateManager,
// ProducerStateEntry, ProducerAppendInfo.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "kafka/record/batch.hpp"

namespace kseg::wal {

/// One of the last batches of a producer.
struct ProducerBatch {
    std::int32_t last_sequence = -1;
    std::int32_t offset_delta = 0;  ///< last offset - first offset
    std::int64_t last_offset = -1;
    TimestampMs timestamp = -1;

    [[nodiscard]] std::int64_t first_offset() const { return last_offset - offset_delta; }
    [[nodiscard]] std::int32_t first_sequence() const;
};

struct Producer {
    std::int16_t epoch = -1;
    std::int32_t coordinator_epoch = -1;
    TimestampMs timestamp = -1;
    std::int64_t transaction_start = -1;  ///< first offset of the open transaction; -1 without one
    std::vector<ProducerBatch> batches;   ///< at most kBatchesKept, the newest last
};

/// An entry of a .txnindex file.
struct AbortedTransaction {
    std::int64_t producer_id = -1;
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;         ///< of the marker
    std::int64_t last_stable_offset = 0;  ///< at the time of the marker
};

class ProducerStates {
  public:
    static constexpr std::size_t kBatchesKept = 5;

    /// What is to be done with a batch, as a partition's leader decides it.
    enum class Verdict : std::uint8_t {
        append,
        duplicate,           ///< it was appended before, as `original`
        old_epoch,           ///< a newer producer has taken its place
        out_of_order,        ///< its sequence does not follow
        not_in_transaction,  ///< it is not transactional, but a transaction of its producer is open
    };
    struct Check {
        Verdict verdict = Verdict::append;
        ProducerBatch original{};
        std::string text{};  ///< what was expected and what was got, where the batch is refused
    };
    [[nodiscard]] Check check(const record::BatchHeader& header) const;

    /// Takes note of a batch that is in the log. Returns the entry for the transaction index where it aborts one.
    std::optional<AbortedTransaction> apply(const record::BatchView& batch);

    /// Forgets the producers whose last batch is of this time or older, but none with an open transaction. One that was
    /// forgotten may go on with any sequence. Returns how many.
    std::size_t expire(TimestampMs time);

    /// The first offset of an open transaction, or `end` where none is open.
    [[nodiscard]] std::int64_t last_stable_offset(std::int64_t end) const;

    [[nodiscard]] const std::map<std::int64_t, Producer>& producers() const { return producers_; }

    /// The state that a .snapshot file holds: of each producer, its last batch.
    /// errors   those of segment::read_rows()
    static Result<ProducerStates> from_snapshot(Bytes content);
    [[nodiscard]] ByteBuffer to_snapshot() const;

  private:
    std::map<std::int64_t, Producer> producers_;
    std::map<std::int64_t, std::int64_t> open_;  // first offset of each open transaction -> its producer
};

/// Appends an entry of a .txnindex file.
void append_entry(ByteBuffer& out, const AbortedTransaction& entry);

}  // namespace kseg::wal
