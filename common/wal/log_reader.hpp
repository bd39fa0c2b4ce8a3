// SPDX-License-Identifier: Apache-2.0
// Reads a partition's log by offset or time across its segments, opening only those that it needs, and goes on when called
// again after the log has grown.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/fs.hpp"
#include "io/window.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/segment/cursor.hpp"

namespace kseg::wal {

struct ReadRequest {
    std::int64_t from_offset = 0;
    std::optional<TimestampMs> since{};  ///< batches whose records are all older are left out
    /// Asked before each batch: only records below the offset that it returns are shown. Without it everything is that is
    /// whole, durable or not.
    std::function<std::int64_t()> committed_end{};
};

/// One step. Borrows from the reader until the next.
struct ReadStep {
    enum class Kind : std::uint8_t {
        batch,
        end,     ///< nothing further to show now; later there may be
        damage,  ///< bytes that are no good batch: what follows does not follow what came before
    };
    Kind kind = Kind::end;
    std::string_view file{};
    FileOffset position{};
    std::uint64_t size = 0;
    record::BatchView batch{};
    std::string what{};  ///< of damage
};

class LogReader {
  public:
    /// Borrows the file system. The log may be open for writing, here or elsewhere.
    LogReader(io::Fs& fs, std::string directory, ReadRequest request)
        : fs_(fs), directory_(std::move(directory)), request_(std::move(request)) {}

    /// errors   io
    Result<ReadStep> next();

    /// The offset behind the last batch that was shown, or where reading begins.
    [[nodiscard]] std::int64_t position() const { return request_.from_offset; }

  private:
    /// A segment being read.
    struct Open {
        std::int64_t base_offset = 0;
        std::int64_t next_base = 0;   // of the segment behind it, when it was opened
        std::int64_t end_offset = 0;  // behind the last good batch
        std::string path;
        std::unique_ptr<io::ReadAt> file;
        std::uint64_t at = 0;  // where to go on
        std::unique_ptr<io::ByteSource> source;
        std::unique_ptr<io::Window> window;
        std::unique_ptr<segment::SegmentCursor> cursor;  // null: to be made at `at`
    };

    Result<bool> open_first();
    Result<bool> open_next();
    Result<void> open_segment(const std::vector<std::int64_t>& segments, std::int64_t base_offset, bool first);
    Result<bool> begin_walk();
    Result<std::optional<ReadStep>> step();
    [[nodiscard]] Result<bool> is_last() const;
    [[nodiscard]] Result<bool> may_be_unfinished(const segment::Item& item) const;
    [[nodiscard]] std::string what_is_misplaced(const record::BatchHeader& header) const;
    [[nodiscard]] Result<std::int64_t> find_by_time(const std::vector<std::int64_t>& segments, std::size_t from) const;

    io::Fs& fs_;
    std::string directory_;
    ReadRequest request_;
    std::optional<Open> open_;
};

}  // namespace kseg::wal
