// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/message_writer.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/crc.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::record {
namespace {

void append_i32_bytes(wire::Writer& to, const NullableBytes& bytes) {
    to.i32(bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
    if (bytes) {
        to.bytes(*bytes);
    }
}

}  // namespace

Result<void> append_message(const MessageFields& message, ByteBuffer& out) {
    constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int32_t>::max();
    const std::uint64_t size =
        header_bytes(message.magic) + (message.key ? message.key->size() : 0) + (message.value ? message.value->size() : 0);
    if (size - kLengthFieldEnd > kMostBytes) {
        return Error{.code = Errc::too_large,
                     .what = fmt::format("message; expected at most {} bytes, got {}", kMostBytes, size)};
    }
    const std::size_t begin = out.size();
    wire::Writer to(out);
    to.i64(message.offset);
    to.i32(static_cast<std::int32_t>(size - kLengthFieldEnd));
    to.u32(0);  // crc, known below
    to.i8(message.magic);
    to.i8(static_cast<std::int8_t>(message.attributes));
    if (message.magic == 1) {
        to.i64(message.timestamp);
    }
    append_i32_bytes(to, message.key);
    append_i32_bytes(to, message.value);
    wire::store_big(out.data() + begin + kLegacyCrcAt, crc32_ieee(out.bytes().subspan(begin + kLegacyCrcCoverAt)));
    return {};
}

}  // namespace kseg::record
