// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/range_crc.hpp"

namespace kseg::segment {

std::uint32_t PrefixCrc::of(FileOffset at, Bytes bytes) {
    if (bytes.size() < 4 * kStep) {
        return crc(kind_, bytes);
    }
    const FileOffset inner{(at.value + kStep - 1) / kStep * kStep};
    const std::size_t lead = inner - at;
    const std::size_t steps = (bytes.size() - lead) / kStep;
    // Forget what lies before this range; begin anew where nothing of it is known.
    while (!marks_.empty() && first_ < inner) {
        marks_.pop_front();
        first_ = first_ + kStep;
    }
    if (marks_.empty() || first_ > inner) {
        marks_.clear();
        first_ = inner;
        marks_.push_back(0);
    }
    while (marks_.size() <= steps) {
        const Bytes step = bytes.subspan(lead + (marks_.size() - 1) * kStep, kStep);
        marks_.push_back(crc(kind_, step, marks_.back()));
    }
    const std::uint32_t head = crc(kind_, bytes.first(lead));
    const std::uint32_t middle = crc_cut(kind_, marks_.front(), marks_[steps], steps * kStep);
    const std::uint32_t joined = crc_join(kind_, head, middle, steps * kStep);
    return crc(kind_, bytes.subspan(lead + steps * kStep), joined);
}

}  // namespace kseg::segment
