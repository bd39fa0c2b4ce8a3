// SPDX-License-Identifier: Apache-2.0
// What a batch must be like before it may be appended, and the bytes that an append may change in it.
// Source: Kafka 4.1, LogValidator; layout: man/kseg-segment.5, RECORD BATCH.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"

namespace kseg::wal {

/// Checks length, CRC and every record of a batch. Where its max_timestamp is not the largest of its records', corrects
/// that and the CRC, as a broker does; nothing else is changed.
/// whole        one batch of magic 2
/// needs_keys   a record without a key is wrong, as in a log that is compacted
/// errors   invalid      the record whose number in the batch is the error's place has no key
///          corrupt      the length, the CRC or the body is wrong
///          unsupported  magic 0 and 1: their offsets are inside what their CRC covers
Result<record::BatchView> check_batch(std::span<std::byte> whole, record::RecordReader& reader, bool needs_keys = false);

/// Sets what the CRC does not cover.
void stamp_batch(std::span<std::byte> whole, std::int64_t base_offset, std::int32_t leader_epoch);

}  // namespace kseg::wal
