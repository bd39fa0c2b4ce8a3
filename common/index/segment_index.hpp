// SPDX-License-Identifier: Apache-2.0
// The index of one sealed segment: made by SegmentIndexWriter, asked by SegmentIndex. Nothing else touches Lucene++.
// Layout: man/kseg-index.5.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "index/batch_table.hpp"
#include "index/manifest.hpp"
#include "index/query.hpp"
#include "index/record_set.hpp"
#include "io/fs.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/segment/log_dir.hpp"
#include "kafka/segment/range.hpp"

namespace kseg::index {

struct WriterOptions {
    IndexedFields fields;
    std::uint64_t buffer_bytes = std::uint64_t{64} << 20;    ///< postings in memory before they go to a file
    std::uint64_t max_batch_bytes = std::uint64_t{1} << 30;  ///< most that a batch's body may come to
};

/// Makes an index from a walk over a log, from its first byte to its last. Destroyed without commit(), it leaves files in
/// its directory, which is nobody's index without a manifest.
class SegmentIndexWriter {
  public:
    /// directory   is there and empty; borrows the file system
    /// errors      io
    static Result<std::unique_ptr<SegmentIndexWriter>> create(io::Fs& fs, std::string directory,
                                                              segment::PartitionName partition, std::int64_t base_offset,
                                                              WriterOptions options);
    ~SegmentIndexWriter();
    SegmentIndexWriter(const SegmentIndexWriter&) = delete;
    SegmentIndexWriter& operator=(const SegmentIndexWriter&) = delete;

    /// Takes the next item of the walk, whose bytes join the last one's. After an error the writer is of no further use.
    /// errors   io, unsupported
    Result<void> write_item(const segment::Item& item);

    /// Finishes all files and syncs them and their names, the manifest last, which it returns.
    /// log_path, log_size, log_crc32c   of the log that was walked
    /// errors   io;   corrupt   what was written does not read back as it was meant
    Result<Manifest> commit(std::string log_path, std::uint64_t log_size, std::uint32_t log_crc32c);

  private:
    struct State;
    explicit SegmentIndexWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// The files of an index by name: those of a directory, or the members of an archive.
class MemberSource {
  public:
    virtual ~MemberSource() = default;
    virtual Result<std::unique_ptr<io::ReadAt>> open(const std::string& member) = 0;
    /// The member's name for messages.
    [[nodiscard]] virtual std::string name_of(const std::string& member) const = 0;
};
std::unique_ptr<MemberSource> members_of_directory(io::Fs& fs, std::string directory);

/// What is asked of a segment.
struct Ask {
    segment::RecordRange range;
    const Query* query = nullptr;  ///< null: every record
};

/// A row with something in it that may be wanted: a batch, or damage within the range.
struct Candidate {
    const BatchRow& row;
    const Found* found = nullptr;  ///< by ordinal, until the next look-up; null: the query asks for every record
};

class SegmentIndex {
  public:
    /// Reads the manifest; everything else when it is needed.
    /// errors   io, corrupt, unsupported
    static Result<std::unique_ptr<SegmentIndex>> open(std::unique_ptr<MemberSource> members);
    ~SegmentIndex();
    SegmentIndex(const SegmentIndex&) = delete;
    SegmentIndex& operator=(const SegmentIndex&) = delete;

    [[nodiscard]] const Manifest& manifest() const;

    /// Whether this is the log that the index was made of: its size, and the headers of batches that are spread over it.
    /// name     of the log, for messages
    /// errors   io;   corrupt   it is another log
    Result<void> check_log(const io::ReadAt& log, const std::string& name);

    /// Opens all that a look-up may need.
    /// errors   io, corrupt
    Result<void> open_all();

    /// Visits what may be wanted, in the order of base offsets, until visit says false. A record of a candidate is wanted
    /// if it is in the range and the query is true of it; Candidate::found says where that is known. A damaged row in the
    /// range comes whatever the query is, since nobody knows what it held.
    /// errors   io;   corrupt   a file of the index is not what was written
    Result<void> find(const Ask& ask, const std::function<Result<bool>(const Candidate&)>& visit);

  private:
    struct State;
    explicit SegmentIndex(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace kseg::index
