// SPDX-License-Identifier: Apache-2.0
// The segments of a partition as a fetch sees them: from an offset to the bytes of whole batches in one file.
// By one thread.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "broker/frame.hpp"
#include "io/fs.hpp"
#include "kafka/segment/batch_head.hpp"
#include "kafka/segment/side_files.hpp"
#include "wal/partition_log.hpp"

namespace kseg::broker {

class LogSegments {
  public:
    /// Borrows the file system.
    LogSegments(io::Fs& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

    /// Learns which segments there are.
    Result<void> load();
    /// Where the log ends, by reading the last segment behind its last index entry: for a log that nobody writes to.
    Result<wal::LogEnd> find_end();

    /// A batch was appended. Whether it began a segment, and so sealed one.
    bool note(const wal::Appended& appended, std::uint64_t batch_bytes);

    struct Slice {
        FileRange range{};
        std::int64_t next_offset = 0;  ///< behind the last batch of the range
    };
    /// Whole batches from the one that holds `from`, or is next behind it, on: as many as `max_bytes` hold, at least one
    /// where `at_least_one`, all of one segment and all below `end`. Empty where there are none.
    /// end      a batch begins there, or the log ends
    /// errors   io;   corrupt   where the batch should begin there is none
    Result<Slice> read(std::int64_t from, const wal::LogEnd& end, std::uint64_t max_bytes, bool at_least_one);

    /// Where the batch begins that holds `offset`, or is next behind it, if that is below `end`; otherwise `end`.
    Result<wal::LogEnd> locate(std::int64_t offset, const wal::LogEnd& end);

    /// Deletes whole segments whose records are all below `offset`, but never the last.
    /// errors   io   some of them may be left
    Result<void> remove_below(std::int64_t offset);

    struct Bounds {
        std::int64_t base_offset = 0;
        std::int64_t next_base = 0;
    };
    /// The oldest, unless it is the last.
    [[nodiscard]] std::optional<Bounds> first_sealed() const {
        if (segments_.size() < 2) {
            return std::nullopt;
        }
        return Bounds{.base_offset = segments_.begin()->first, .next_base = std::next(segments_.begin())->first};
    }
    struct Info {
        std::int64_t base_offset = 0;
        std::int64_t next_base = 0;
        std::uint64_t size = 0;
    };
    /// All but the last, from the oldest on.
    [[nodiscard]] Result<std::vector<Info>> sealed();
    [[nodiscard]] std::int64_t first_base() const { return segments_.empty() ? 0 : segments_.begin()->first; }
    [[nodiscard]] const std::string& directory() const { return directory_; }

  private:
    struct Segment {
        std::shared_ptr<const io::ReadAt> file;
        std::optional<std::vector<segment::OffsetIndexEntry>> index;
        std::uint64_t indexed_at = 0;       // position of the last entry
        std::optional<std::uint64_t> size;  // of one that is sealed
    };
    using Place = std::map<std::int64_t, Segment>::iterator;
    /// Where reading has come to, so that the next read need not look.
    struct Known {
        std::int64_t offset = -1;
        std::int64_t segment = 0;
        std::uint64_t position = 0;
    };

    Result<void> open(Place segment);
    Result<void> load_index(Place segment);
    Result<std::uint64_t> limit_of(Place segment, const wal::LogEnd& end);
    [[nodiscard]] Result<std::optional<segment::BatchHead>> head_at(const Segment& segment, std::uint64_t position,
                                                                    std::uint64_t limit) const;
    Result<std::uint64_t> entry_before(Place segment, std::int64_t offset, std::uint64_t limit);
    Result<std::uint64_t> find(Place segment, std::int64_t offset, std::uint64_t limit);
    Result<Slice> take(Place segment, std::uint64_t start, std::uint64_t limit, std::uint64_t max_bytes, bool at_least_one,
                       const wal::LogEnd& end);
    void remember(const Known& known);
    void let_go_of_others(Place keep);

    io::Fs& fs_;
    std::string directory_;
    std::map<std::int64_t, Segment> segments_;
    std::array<Known, 8> known_{};
    std::size_t next_known_ = 0;
};

}  // namespace kseg::broker
