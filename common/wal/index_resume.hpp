// SPDX-License-Identifier: Apache-2.0
// Index files that are there: whether they fit their log, and from where the log can be read on by them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "io/file.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/segment/index_builder.hpp"
#include "kafka/segment/side_files.hpp"

namespace kseg::wal {

/// The last entry of the offset index from which a segment can be read on.
struct Resume {
    std::uint64_t position = 0;      ///< of the entry's batch, which is in the log
    std::uint64_t offset_bytes = 0;  ///< of the index files, that entry included
    std::uint64_t time_bytes = 0;
    segment::TimeIndexEntry largest{};  ///< up to and including that batch
};

/// Nothing where no entry is below `offset`, or the index files contradict themselves or the log.
std::optional<Resume> resume_from(Bytes offset_index, Bytes time_index, const io::ReadAt& log, std::int64_t base_offset,
                                  std::int64_t offset);

/// Compares the index files of a sealed segment with its batches as they are read. A broker that was started anew inside a
/// segment spaces entries otherwise than one pass would: what counts is that each entry is true.
class IndexCheck {
  public:
    IndexCheck(Bytes offset_index, Bytes time_index, std::int64_t base_offset);

    void see(const record::BatchView& batch);

    /// Called when all was seen, with what one pass would write.
    [[nodiscard]] bool offsets_fit(const segment::IndexBuilder& made) const;
    [[nodiscard]] bool times_fit(const segment::IndexBuilder& made) const;
    /// The same of a segment that still grows, whose files may lack entries.
    [[nodiscard]] bool offsets_are_true() const { return fits_ && !offsets_.damage && next_ == offsets_.entries.size(); }
    [[nodiscard]] bool times_make_sense() const { return !times_.damage; }

  private:
    segment::IndexFile<segment::OffsetIndexEntry> offsets_;
    segment::IndexFile<segment::TimeIndexEntry> times_;
    std::size_t next_ = 0;  // the offset entry whose batch comes next
    bool fits_ = true;
};

}  // namespace kseg::wal
