// SPDX-License-Identifier: Apache-2.0
// Messages of magic 0 and 1 written anew with some of their fields changed: what BatchEditor does with them.
// Layout: man/kseg-segment.5, MESSAGE SET. Source: KIP-31, KIP-32, Kafka 4.1.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/codec/codec.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"

namespace kseg::record {

/// As BatchEdits has them, and what is added to the offsets.
struct MessageEdits {
    bool canonical = false;
    std::optional<codec::Codec> codec{};
    std::int64_t offset_shift = 0;
};

/// Appends the edited message, or the messages that were compressed in it, to `out` and returns true; or returns false
/// where the edits leave it as it is. `reader` is scratch. Errors as those of BatchEditor::edit().
Result<bool> edit_message(const MessageEdits& edits, const BatchView& message, RecordReader& reader, ByteBuffer& out);

/// Checks that offsets stay offsets when they are moved.
/// errors   invalid
Result<void> check_shift(std::int64_t first, std::int64_t last, std::int64_t shift);

}  // namespace kseg::record
