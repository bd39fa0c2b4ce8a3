// SPDX-License-Identifier: Apache-2.0
// A forward-moving view of a byte source in large pieces. What it hands out stays valid as long as the piece is held, so
// that other threads can work on it while the window moves on.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "io/file.hpp"

namespace kseg::io {

/// Bytes that a window has read, shared between the window and whoever still uses views into them. Shared ownership
/// because neither knows which of them ends first.
using Piece = std::shared_ptr<const ByteBuffer>;

class Window {
  public:
    static constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

    /// Borrows the source; `start` is the file offset of its first byte.
    Window(ByteSource& source, FileOffset start, std::size_t piece_bytes = kPieceBytes);

    /// The bytes from `at` on that are in memory, at least `want` of them, fewer only where the source ends. `at` must not
    /// lie before an earlier call's. Valid while piece() of this moment is held.
    /// errors   those of the source
    Result<Bytes> ensure(FileOffset at, std::size_t want);

    /// Whether bytes at [at, at + size) exist, and what they are, without moving the window. Where the source cannot look
    /// ahead this reads on, as ensure(keep_from) would, and keeps everything from `keep_from`.
    Result<Bytes> look(FileOffset keep_from, FileOffset at, std::size_t size);

    /// What holds the bytes that the last ensure() returned.
    [[nodiscard]] Piece piece() const { return piece_; }

    /// File offset up to which the source was read.
    [[nodiscard]] FileOffset read_to() const { return begin_ + (filled_ - lead_); }

  private:
    Result<void> fill(FileOffset keep_from, FileOffset to);
    void renew(FileOffset keep_from, std::size_t room);

    class Pool;

    ByteSource& source_;
    FileOffset start_;
    std::size_t piece_bytes_;
    std::shared_ptr<Pool> pool_;  // outlived by pieces that others hold, which go back to it
    std::shared_ptr<ByteBuffer> piece_;
    std::size_t lead_ = 0;    // bytes of the piece before the first that is used
    FileOffset begin_;        // file offset of the piece's byte at lead_
    std::size_t filled_ = 0;  // bytes of the piece up to the last that was read, lead included
    bool at_end_ = false;
    ByteBuffer looked_;
};

}  // namespace kseg::io
