// SPDX-License-Identifier: Apache-2.0
// Answers a query from the segments of a partition, slice by slice in the order of their offsets. Complete, or somebody is
// told what is missing: what cannot be read, and what no segment holds between two that are there.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "store/answer.hpp"
#include "store/batch_filter.hpp"
#include "store/counted_files.hpp"
#include "store/index_slice.hpp"
#include "store/listing.hpp"
#include "store/log_scan.hpp"
#include "store/router.hpp"

namespace kseg::store {

class QueryRun {
  public:
    /// Borrows all.
    QueryRun(io::Fs& fs, const Places& places, const Request& request, AnswerSink& sink);

    /// Answers from one partition. False where nothing further is wanted: the limit is reached, or the sink says so.
    /// errors   cancelled
    Result<bool> answer(PartitionListing listing);

    /// Records or batches of the answer so far.
    [[nodiscard]] std::uint64_t given() const { return filter_.given(); }
    [[nodiscard]] const ReadCounts& counts() const { return files_.counts(); }

  private:
    bool has_moved(PartitionListing& listing, const Slice& slice);
    Result<SliceEnd> answer_slice(PartitionListing& listing, const Slice& slice, SliceReport& report);
    Result<SliceEnd> answer_log(const PartitionListing& listing, const Slice& slice, SliceReport& report);
    Result<SliceEnd> answer_index(PartitionListing& listing, const Slice& slice, SliceReport& report);
    Result<SliceEnd> answer_archive(PartitionListing& listing, const Slice& slice, SliceReport& report);
    Result<SliceEnd> answer_indexed(PartitionListing& listing, const Slice& slice, IndexPlace place, SliceReport& report);
    [[nodiscard]] std::string path_of(const PartitionListing& listing, const Slice& slice) const;
    void note_end(PartitionListing& listing, const Slice& slice, const SliceEnd& end);
    void tell_other_topics(const PartitionListing& listing);
    void tell_missing(const PartitionListing& listing, const Slice& slice, std::int64_t from);

    const Places& places_;
    const Request& request_;
    AnswerSink& sink_;
    CountedFiles files_;
    BatchFilter filter_;
    Work work_;
};

}  // namespace kseg::store
