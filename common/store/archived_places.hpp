// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: where in an archived log the batch of an offset begins.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "kafka/segment/batch_head.hpp"
#include "store/archive_cache.hpp"

namespace kseg::store {

/// The batch that begins at a position; nothing where none does.
/// errors   io, corrupt, truncated
Result<std::optional<segment::BatchHead>> read_head(ArchiveCache& cache, OpenedArchive& archive, std::uint64_t position);

/// Where the first batch begins that ends at or behind `from`; nothing where none does. By the batch table, or where that
/// is damaged by Kafka's index and the log itself.
/// errors   io;   corrupt, truncated   the log is damaged there
Result<std::optional<std::uint64_t>> find_batch(ArchiveCache& cache, OpenedArchive& archive, std::int64_t from);

}  // namespace kseg::store
