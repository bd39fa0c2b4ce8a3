// SPDX-License-Identifier: Apache-2.0
// The beginning of a batch: which offsets it has and where it ends, for those who go from batch to batch in a log that they
// trust. Layout: man/kseg-segment.5, RECORD BATCH and MESSAGE SET.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "kafka/record/batch.hpp"

namespace kseg::segment {

struct BatchHead {
    static constexpr std::size_t kBytes = record::kCrcCoverAt + 2 + 4;  // the CRC's cover: attributes, last_offset_delta

    std::int64_t base_offset = 0;  ///< of magic 0 and 1 the message's, which of a compressed one is the last
    std::int64_t last_offset = 0;
    std::uint64_t size = 0;  ///< bytes of the batch

    /// Nothing where no batch begins so that would end within `left` bytes.
    /// in   kBytes, or fewer where there are no more
    static std::optional<BatchHead> of(Bytes in, std::uint64_t left);
};

}  // namespace kseg::segment
