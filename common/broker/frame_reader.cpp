// SPDX-License-Identifier: Apache-2.0
#include "broker/frame_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kafka/wire/reader.hpp"

namespace kseg::broker {
namespace {

// Below this copying is cheaper than a call of its own.
constexpr std::size_t kDirectBytes = std::size_t{32} << 10;
constexpr std::size_t kFirstRoomBytes = std::size_t{256} << 10;
// Who has sent a large frame is given room for the next like it, up to here: growing copies what has come.
constexpr std::size_t kMostFirstRoomBytes = std::size_t{4} << 20;

}  // namespace

Result<void> FrameReader::feed(Bytes bytes) {
    while (!bytes.empty()) {
        if (length_got_ < kLengthBytes) {
            const std::size_t part = std::min(bytes.size(), kLengthBytes - length_got_);
            std::copy_n(bytes.begin(), part, length_.begin() + static_cast<std::ptrdiff_t>(length_got_));
            length_got_ += part;
            bytes = bytes.subspan(part);
            if (length_got_ < kLengthBytes) {
                break;
            }
            if (auto begun = begin_frame(); !begun) {
                return begun;
            }
        }
        const std::size_t part = std::min(bytes.size(), wanted_ - partial_.size());
        partial_.append(bytes.first(part));
        held_bytes_ += part;
        bytes = bytes.subspan(part);
        end_if_whole();
    }
    return {};
}

Result<void> FrameReader::begin_frame() {
    const auto length = wire::load_big<std::int32_t>(length_.data());
    if (length < 0) {
        return Error{.code = Errc::corrupt, .what = fmt::format("frame length; expected 0 or more, got {}", length)};
    }
    if (static_cast<std::uint32_t>(length) > limit_bytes_) {
        return Error{.code = Errc::too_large,
                     .what = fmt::format("frame length; expected at most {}, got {}", limit_bytes_, length)};
    }
    wanted_ = static_cast<std::size_t>(length);
    partial_ = ByteBuffer();
    partial_.reserve(std::min(wanted_, std::clamp(last_bytes_, kFirstRoomBytes, kMostFirstRoomBytes)));
    return {};
}

void FrameReader::end_if_whole() {
    if (partial_.size() == wanted_) {
        last_bytes_ = wanted_;
        frames_.push_back(std::move(partial_));
        partial_ = ByteBuffer();
        length_got_ = 0;
    }
}

std::span<std::byte> FrameReader::room() {
    if (length_got_ < kLengthBytes || wanted_ - partial_.size() < kDirectBytes) {
        return {};
    }
    if (partial_.capacity() - partial_.size() < kDirectBytes) {
        partial_.reserve(std::min(wanted_, std::max(partial_.capacity() * 2, kFirstRoomBytes)));
    }
    return {partial_.data() + partial_.size(), std::min(partial_.capacity(), wanted_) - partial_.size()};
}

void FrameReader::received(std::size_t bytes) {
    partial_.resize(partial_.size() + bytes);
    held_bytes_ += bytes;
    end_if_whole();
}

ByteBuffer FrameReader::take_frame() {
    ByteBuffer frame = std::move(frames_.front());
    frames_.pop_front();
    held_bytes_ -= frame.size();
    return frame;
}

}  // namespace kseg::broker
