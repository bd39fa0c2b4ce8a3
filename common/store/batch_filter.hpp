// SPDX-License-Identifier: Apache-2.0
// Picks out of good batches what was asked for, hands it on and counts it: the one place that decides what belongs to an
// answer, with an index and without.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "index/query.hpp"
#include "index/segment_index.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"
#include "kafka/segment/range.hpp"
#include "store/answer.hpp"

namespace kseg::store {

class BatchFilter {
  public:
    /// Borrows both.
    BatchFilter(const Request& request, AnswerSink& sink);

    /// Begins a file. `range` is what is asked for as far as this file answers for it.
    void begin(const segment::RecordRange& range, std::string file);

    /// A batch whose CRC is right.
    /// candidate   what an index knows of it; null where none was asked
    void take(const record::BatchView& batch, const index::Candidate* candidate);
    /// Counts a batch of an index without its bytes, where the index alone can tell how much of it is wanted.
    bool count(const index::Candidate& candidate);

    /// Whether the limit has been reached.
    [[nodiscard]] bool full() const { return given_ >= request_.limit; }
    /// Records or batches that were handed on or counted.
    [[nodiscard]] std::uint64_t given() const { return given_; }
    [[nodiscard]] const segment::RecordRange& range() const { return range_; }

  private:
    void take_records(const record::BatchView& batch, const index::Candidate* candidate);
    void take_batch(const record::BatchView& batch, const index::Candidate* candidate);
    [[nodiscard]] bool wants_batch(const record::BatchView& batch, const index::Candidate* candidate);
    [[nodiscard]] bool wants(const record::BatchHeader& header, const record::RecordView& record,
                             const index::Candidate* candidate);
    [[nodiscard]] std::optional<std::uint64_t> known_count(const index::Candidate& candidate) const;
    void note_problem(const record::BatchView& batch);

    const Request& request_;
    AnswerSink& sink_;
    std::optional<index::QueryMatcher> matcher_;
    record::RecordReader reader_;
    segment::RecordRange range_;
    std::string file_;
    std::uint64_t given_ = 0;
};

/// Whether offsets from first to last have any in the range.
bool overlaps(const segment::RecordRange& range, std::int64_t first, std::int64_t last);

}  // namespace kseg::store
