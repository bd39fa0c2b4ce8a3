// SPDX-License-Identifier: Apache-2.0
// The lines of a byte source.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::io {

class LineReader {
  public:
    /// Borrows the source.
    /// most_bytes   longer lines are refused, so that memory is bounded by this and a piece
    LineReader(ByteSource& source, std::size_t most_bytes) : source_(source), most_bytes_(most_bytes) {}

    struct Line {
        std::string_view text{};  ///< without its end; borrows from the reader until its next call
        std::uint64_t at = 0;     ///< position of its first byte in the source
    };
    /// The next line, the last with or without its end; nothing behind it.
    /// errors   those of the source;   too_large   a line has more than most_bytes
    Result<std::optional<Line>> next();

    /// How many bytes of the source were read.
    [[nodiscard]] std::uint64_t read_to() const { return position_ + (read_.size() - used_); }

  private:
    Result<void> more();

    ByteSource& source_;
    std::size_t most_bytes_;
    ByteBuffer read_;  // read and not yet handed out, from used_ on
    std::size_t used_ = 0;
    std::uint64_t position_ = 0;  // of read_[used_] in the source
    bool at_end_ = false;
};

}  // namespace kseg::io
