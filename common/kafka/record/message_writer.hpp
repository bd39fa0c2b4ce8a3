// SPDX-License-Identifier: Apache-2.0
// Writes messages of magic 0 and 1. Layout: man/kseg-segment.5, MESSAGE SET. Source: KIP-31, KIP-32, Kafka 4.1.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::record {

/// One message as it is stored. A compressed one has the codec in its attributes and a compressed message set as its value.
struct MessageFields {
    std::int64_t offset = 0;
    std::int8_t magic = 1;
    std::uint8_t attributes = 0;
    std::int64_t timestamp = -1;  ///< magic 1 only
    NullableBytes key;
    NullableBytes value;
};

/// Appends the message, size and CRC computed.
/// errors   too_large   it does not fit its size field; `out` is then as it was
Result<void> append_message(const MessageFields& message, ByteBuffer& out);

}  // namespace kseg::record
