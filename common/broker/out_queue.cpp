// SPDX-License-Identifier: Apache-2.0
#include "broker/out_queue.hpp"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>

namespace kseg::broker {
namespace {

constexpr std::size_t kMostPieces = 64;
// One sendfile() of more would keep the loop from everybody else.
constexpr std::uint64_t kMostOfFile = std::uint64_t{1} << 20;
constexpr std::size_t kCopyBytes = std::size_t{64} << 10;

bool would_block(int number) {
    return number == EAGAIN || number == EWOULDBLOCK || number == EINTR;
}

std::uint64_t size_of(const Piece& piece) {
    const auto* const bytes = std::get_if<ByteBuffer>(&piece);
    return bytes != nullptr ? bytes->size() : std::get<FileRange>(piece).size;
}

Error ended_early() {
    return {.code = Errc::truncated, .what = "a file ended before what was to be sent of it"};
}

}  // namespace

void OutQueue::add(std::vector<Piece> pieces) {
    for (Piece& piece : pieces) {
        const auto* const bytes = std::get_if<ByteBuffer>(&piece);
        if (size_of(piece) != 0) {
            held_bytes_ += bytes != nullptr ? bytes->size() : 0;
            pieces_.push_back(std::move(piece));
        }
    }
}

Result<void> OutQueue::send(int socket, std::uint64_t most_bytes) {
    std::uint64_t sent = 0;
    while (!pieces_.empty() && sent < most_bytes) {
        const auto* const range = std::get_if<FileRange>(&pieces_.front());
        const auto part =
            range != nullptr ? send_file(socket, *range, most_bytes - sent) : send_bytes(socket, most_bytes - sent);
        if (!part) {
            return part.error();
        }
        if (*part == 0) {
            return {};
        }
        sent += *part;
        sent_bytes_ += *part;
        advance(*part);
    }
    return {};
}

/// The pieces of bytes at the front by one call. Returns 0 where the socket takes nothing now.
Result<std::uint64_t> OutQueue::send_bytes(int socket, std::uint64_t most_bytes) {
    std::array<iovec, kMostPieces> parts{};
    std::size_t count = 0;
    std::uint64_t sum = 0;
    std::uint64_t skip = front_sent_;
    bool file_follows = false;
    for (Piece& piece : pieces_) {
        auto* const bytes = std::get_if<ByteBuffer>(&piece);
        if (bytes == nullptr || count == parts.size() || sum >= most_bytes) {
            file_follows = bytes == nullptr;
            break;
        }
        parts[count++] = {.iov_base = bytes->data() + skip, .iov_len = bytes->size() - skip};
        sum += bytes->size() - skip;
        skip = 0;
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (file_follows ? MSG_MORE : 0));
    if (sent < 0) {
        return would_block(errno) ? Result<std::uint64_t>(0) : io_error("send", errno);
    }
    return static_cast<std::uint64_t>(sent);
}

/// A part of a file. Returns 0 where the socket takes nothing now.
Result<std::uint64_t> OutQueue::send_file(int socket, const FileRange& range, std::uint64_t most_bytes) {
    const std::uint64_t at = range.offset + front_sent_;
    const std::uint64_t left = std::min({range.size - front_sent_, most_bytes, kMostOfFile});
    if (const auto* const file = dynamic_cast<const io::File*>(range.file.get())) {
        auto position = static_cast<off_t>(at);
        const ssize_t sent = ::sendfile(socket, file->descriptor(), &position, static_cast<std::size_t>(left));
        if (sent > 0) {
            return static_cast<std::uint64_t>(sent);
        }
        if (sent == 0) {
            return ended_early();
        }
        if (would_block(errno)) {
            return std::uint64_t{0};
        }
        if (errno != EINVAL && errno != ENOSYS) {
            return io_error("sendfile", errno);
        }
    }
    // No file of the machine, or one that cannot be sent so.
    std::array<std::byte, kCopyBytes> copy;  // NOLINT(*-member-init): written before it is read
    const auto got = range.file->read_at(at, {copy.data(), std::min<std::size_t>(copy.size(), left)});
    if (!got) {
        return got.error();
    }
    if (*got == 0) {
        return ended_early();
    }
    const ssize_t sent = ::send(socket, copy.data(), *got, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        return would_block(errno) ? Result<std::uint64_t>(0) : io_error("send", errno);
    }
    return static_cast<std::uint64_t>(sent);
}

void OutQueue::advance(std::uint64_t bytes) {
    while (bytes != 0) {
        const std::uint64_t size = size_of(pieces_.front());
        const bool in_memory = std::holds_alternative<ByteBuffer>(pieces_.front());
        const std::uint64_t part = std::min(bytes, size - front_sent_);
        held_bytes_ -= in_memory ? part : 0;
        bytes -= part;
        front_sent_ += part;
        if (front_sent_ == size) {
            pieces_.pop_front();
            front_sent_ = 0;
        }
    }
}

}  // namespace kseg::broker
