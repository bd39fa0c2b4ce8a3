// SPDX-License-Identifier: Apache-2.0
#include "io/window.hpp"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <vector>

namespace kseg::io {

/// Pieces that nobody holds any more, for use again: fresh memory costs more than what is read into it.
class Window::Pool : public std::enable_shared_from_this<Pool> {
  public:
    /// An empty piece with room for `capacity` bytes.
    std::shared_ptr<ByteBuffer> take(std::size_t capacity) {
        std::unique_ptr<ByteBuffer> piece;
        {
            const std::lock_guard lock(mutex_);
            if (!free_.empty()) {
                piece = std::move(free_.back());
                free_.pop_back();
            }
        }
        if (!piece) {
            piece = std::make_unique<ByteBuffer>();
        }
        piece->clear();
        piece->reserve(capacity);
        return {piece.release(),
                [pool = shared_from_this()](ByteBuffer* used) { pool->give_back(std::unique_ptr<ByteBuffer>(used)); }};
    }

  private:
    static constexpr std::size_t kMostFree = 8;
    static constexpr std::size_t kLargestKept = 2 * kPieceBytes;  // what a large batch needed is given back to the system

    void give_back(std::unique_ptr<ByteBuffer> piece) {
        const std::lock_guard lock(mutex_);
        if (free_.size() < kMostFree && piece->capacity() <= kLargestKept) {
            free_.push_back(std::move(piece));
        }
    }

    std::mutex mutex_;
    std::vector<std::unique_ptr<ByteBuffer>> free_;  // guarded by mutex_
};

Window::Window(ByteSource& source, FileOffset start, std::size_t piece_bytes)
    : source_(source),
      start_(start),
      piece_bytes_(piece_bytes),
      pool_(std::make_shared<Pool>()),
      piece_(pool_->take(0)),
      begin_(start) {}

void Window::renew(FileOffset keep_from, std::size_t room) {
    // Never within the old piece: views into it may be in use elsewhere.
    // A byte stands at the same place of a page in memory as in the file: with another small distance between the two the
    // kernel's copy was measured four times slower (loads that seem to depend on the stores just made).
    const std::size_t lead = keep_from.value % ByteBuffer::kPageBytes;
    auto fresh = pool_->take(lead + std::max(room, piece_bytes_));
    fresh->resize(lead);
    const std::size_t skip = lead_ + (keep_from - begin_);
    if (skip < filled_) {
        fresh->append(Bytes{piece_->data() + skip, filled_ - skip});
    }
    filled_ = fresh->size();
    lead_ = lead;
    begin_ = keep_from;
    piece_ = std::move(fresh);
}

Result<void> Window::fill(FileOffset keep_from, FileOffset to) {
    assert(keep_from >= begin_);
    while (!at_end_ && read_to() < to) {
        const bool full = filled_ == piece_->capacity();
        const std::uint64_t needed = to - keep_from;
        if (full || lead_ + (to - begin_) > piece_->capacity()) {
            // Grow by what is there, not by what is asked for: a length that lies must not make room for itself.
            const std::size_t kept = read_to() > keep_from ? read_to() - keep_from : 0;
            const std::uint64_t room = std::min<std::uint64_t>(needed, std::max<std::uint64_t>(2 * kept, piece_bytes_));
            // Half of what is kept comes on top, so that moving on byte by byte does not copy it every time.
            renew(keep_from, std::max<std::size_t>(room, kept + 1) + kept / 2);
        }
        const auto got = source_.read({piece_->data() + filled_, piece_->capacity() - filled_});
        if (!got) {
            return got.error();
        }
        at_end_ = *got == 0;
        filled_ += *got;
        piece_->resize(filled_);
    }
    return {};
}

Result<Bytes> Window::ensure(FileOffset at, std::size_t want) {
    // Past what was read: read up to there and let it go.
    while (read_to() < at && !at_end_) {
        if (const auto got = fill(std::max(begin_, std::min(at, read_to())), std::min(at, read_to() + piece_bytes_));
            !got) {
            return got.error();
        }
    }
    if (read_to() < at + want) {
        if (const auto got = fill(std::min(at, read_to()), at + want); !got) {
            return got.error();
        }
    }
    if (at >= read_to()) {
        return Bytes{};
    }
    const std::size_t skip = lead_ + (at - begin_);
    return Bytes{piece_->data() + skip, filled_ - skip};
}

Result<Bytes> Window::look(FileOffset keep_from, FileOffset at, std::size_t size) {
    if (at + size > read_to() && !at_end_) {
        looked_.resize(size);
        if (const auto got = source_.peek(at - start_, {looked_.data(), size})) {
            return Bytes{looked_.data(), *got};
        }
        if (const auto got = fill(keep_from, at + size); !got) {
            return got.error();
        }
    }
    if (at >= read_to()) {
        return Bytes{};
    }
    const std::size_t skip = lead_ + (at - begin_);
    return Bytes{piece_->data() + skip, std::min(size, filled_ - skip)};
}

}  // namespace kseg::io
