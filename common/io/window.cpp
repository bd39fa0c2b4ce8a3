// SPDX-License-Identifier: Apache-2.0
#include "io/window.hpp"

#include <algorithm>
#include <cassert>

namespace kseg::io {

Window::Window(ByteSource& source, FileOffset start, std::size_t piece_bytes)
    : source_(source), start_(start), piece_bytes_(piece_bytes), piece_(std::make_shared<ByteBuffer>()), begin_(start) {}

void Window::renew(FileOffset keep_from, std::size_t room) {
    // Never within the old piece: views into it may be in use elsewhere.
    auto fresh = std::make_shared<ByteBuffer>();
    fresh->reserve(std::max(room, piece_bytes_));
    const std::size_t skip = keep_from - begin_;
    if (skip < filled_) {
        fresh->append(Bytes{piece_->data() + skip, filled_ - skip});
    }
    filled_ = skip < filled_ ? filled_ - skip : 0;
    begin_ = keep_from;
    piece_ = std::move(fresh);
}

Result<void> Window::fill(FileOffset keep_from, FileOffset to) {
    assert(keep_from >= begin_);
    while (!at_end_ && read_to() < to) {
        const bool full = filled_ == piece_->capacity();
        const std::uint64_t needed = to - keep_from;
        if (full || to - begin_ > piece_->capacity()) {
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
    const std::size_t skip = at - begin_;
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
    const std::size_t skip = at - begin_;
    return Bytes{piece_->data() + skip, std::min(size, filled_ - skip)};
}

}  // namespace kseg::io
