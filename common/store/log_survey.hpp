// SPDX-License-Identifier: Apache-2.0
// One walk over a log: its checksum, whether its batches are compressed, and the index files that Kafka keeps beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"
#include "kafka/segment/cursor.hpp"
#include "store/summed_read.hpp"

namespace kseg::store {

/// The content of Kafka's .index and .timeindex, without padding.
struct KafkaIndexes {
    ByteBuffer offset_index;
    ByteBuffer time_index;
};

struct LogSurvey {
    std::uint64_t bytes = 0;
    std::uint32_t crc32c = 0;
    /// There are batches, all of them are compressed but for control batches, and nothing else is there.
    bool compressed = false;
    /// Nothing where offsets do not rise, or do not fit in them.
    std::optional<KafkaIndexes> indexes{};
};

struct SurveyOptions {
    io::StopFlag stop{};
    ReadNotice on_read{};
    std::uint64_t max_batch_bytes = std::uint64_t{1} << 30;
    /// Gets each item of the walk, too.
    std::function<Result<void>(const segment::Item&)> on_item{};
};

/// base_offset   of the segment
/// errors        io, cancelled;   those of on_item
Result<LogSurvey> survey_log(const io::ReadAt& log, std::int64_t base_offset, const SurveyOptions& options);

}  // namespace kseg::store
