// SPDX-License-Identifier: Apache-2.0
// What is asked of the segments of a partition, and who gets the answer.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "index/query.hpp"
#include "io/file.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"
#include "kafka/segment/range.hpp"
#include "store/counted_files.hpp"
#include "store/router.hpp"

namespace kseg::store {

enum class Take : std::uint8_t { records, batches };

struct Request {
    segment::RecordRange range{};
    const index::Query* match = nullptr;  ///< borrowed; null: every record
    bool control = false;                 ///< control records too
    Take take = Take::records;            ///< batches: those that hold something that is asked for
    bool count_only = false;              ///< nothing is handed out, only counted
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t max_batch_bytes = std::uint64_t{1} << 30;  ///< of a batch, and of its records decompressed
    io::StopFlag stop{};
};

/// What said that nothing in a segment is asked for, so that nothing further of it was read.
enum class SkippedBy : std::uint8_t { nothing, name, manifest };

/// How one slice was answered.
struct SliceReport {
    Slice slice;
    std::string path;  ///< of the index, the archive or the log
    SkippedBy skipped_by = SkippedBy::nothing;
    bool scanned = false;       ///< read without an index, whatever kind the slice is of
    std::uint64_t batches = 0;  ///< that were looked at, damaged ones among them
    std::uint64_t records = 0;  ///< in those batches that could be what is asked for
    std::uint64_t given = 0;    ///< records or batches of the answer
    ReadCounts cost{};
};

/// Gets the answer, partition by partition. What it is handed is valid during the call.
class AnswerSink {
  public:
    virtual ~AnswerSink() = default;

    /// Begins a batch of which record() will give records.
    virtual void begin_batch(const record::BatchHeader& header) = 0;
    virtual void record(const record::BatchHeader& header, const record::RecordView& record) = 0;
    virtual void batch(const record::BatchView& batch) = 0;

    /// Something that may belong to the answer could not be read, or is wrong: the file, the offset in it, and what.
    virtual void damage(const Error& what) = 0;
    virtual void end_slice(const SliceReport& report) = 0;

    /// Called now and then with the bytes that have been read. False: nothing further is wanted.
    virtual bool keep_on(std::uint64_t bytes_read) = 0;
};

}  // namespace kseg::store
