// SPDX-License-Identifier: Apache-2.0
// Puts frames together from what a connection receives, in whatever pieces that comes.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::broker {

class FrameReader {
  public:
    static constexpr std::size_t kLengthBytes = 4;

    /// limit_bytes   a frame may have so many, its length not counted
    explicit FrameReader(std::uint32_t limit_bytes) : limit_bytes_(limit_bytes) {}

    /// Takes what came.
    /// errors   corrupt, too_large   the length is negative, or over the limit: what follows is no frame
    Result<void> feed(Bytes bytes);

    /// Room into which the rest of a large frame is best received, to be told by received(); empty where feed() does as
    /// well. Memory follows what came: a length alone allocates little, or no more than the frame before had.
    std::span<std::byte> room();
    void received(std::size_t bytes);

    [[nodiscard]] bool has_frame() const { return !frames_.empty(); }
    ByteBuffer take_frame();

    /// Bytes held, of whole frames and of one that is not.
    [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }
    /// Whether a frame has begun and is not whole.
    [[nodiscard]] bool is_partial() const { return length_got_ != 0; }

  private:
    Result<void> begin_frame();
    void end_if_whole();

    std::uint32_t limit_bytes_;
    std::array<std::byte, kLengthBytes> length_{};
    std::size_t length_got_ = 0;
    std::size_t wanted_ = 0;
    std::size_t last_bytes_ = 0;  // of the last frame that was whole
    ByteBuffer partial_;
    std::deque<ByteBuffer> frames_;
    std::size_t held_bytes_ = 0;
};

}  // namespace kseg::broker
