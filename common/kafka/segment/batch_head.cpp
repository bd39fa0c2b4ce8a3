// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/batch_head.hpp"

#include <limits>

#include "kafka/segment/frame.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::segment {

std::optional<BatchHead> BatchHead::of(Bytes in, std::uint64_t left) {
    if (in.size() < record::kFrameBytes) {
        return std::nullopt;
    }
    const Frame frame = Frame::of(in.data());
    if (!frame.known_magic() || !frame.length_can_be() || frame.offset < 0 ||
        static_cast<std::uint64_t>(frame.size) > left) {
        return std::nullopt;
    }
    BatchHead head{
        .base_offset = frame.offset, .last_offset = frame.offset, .size = static_cast<std::uint64_t>(frame.size)};
    if (frame.magic >= 2) {
        if (in.size() < kBytes) {
            return std::nullopt;
        }
        const auto delta = wire::load_big<std::int32_t>(in.data() + kBytes - 4);
        if (delta < 0 || frame.offset > std::numeric_limits<std::int64_t>::max() - delta - 1) {
            return std::nullopt;
        }
        head.last_offset = frame.offset + delta;
    }
    return head;
}

}  // namespace kseg::segment
