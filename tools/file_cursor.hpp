// SPDX-License-Identifier: Apache-2.0
// The walk that a file asks for: over a segment's batches, or over those of a Chronik WAL.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"
#include "wal/chronik_cursor.hpp"

namespace kseg::tools {

class FileCursor {
  public:
    /// Looks at the first bytes of the window, which it borrows, and at the file's name to tell what they are.
    /// start   file offset of the window's first byte
    FileCursor(io::Window& window, FileOffset start, std::uint64_t max_batch_bytes, std::string_view path);

    /// The next batch, gap or torn tail, as segment::SegmentCursor gives them.
    Result<segment::Item> next();
    /// Keeps what the last item borrows.
    [[nodiscard]] io::Piece piece() const;
    /// The partition of the last batch where the file itself says so.
    [[nodiscard]] const std::optional<segment::PartitionName>& partition() const;
    /// What is wrong with what the last item came from.
    [[nodiscard]] const std::vector<std::string>& warnings() const;

  private:
    std::optional<Error> failed_;  // before cursor_: its choice may set it
    std::variant<segment::SegmentCursor, wal::ChronikCursor> cursor_;
};

}  // namespace kseg::tools
