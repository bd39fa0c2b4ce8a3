// SPDX-License-Identifier: Apache-2.0
// Writes Kafka's primitive types to the end of a ByteBuffer: the mirror of Reader.
#pragma once

#include <concepts>
#include <cstdint>

#include "base/bytes.hpp"

namespace kseg::wire {

/// Stores a big-endian integer at `data`, which must have room for sizeof(T) bytes.
template <std::integral T>
void store_big(std::byte* data, T value) {
    auto rest = static_cast<std::make_unsigned_t<T>>(value);
    for (std::size_t i = sizeof(T); i-- > 0;) {
        data[i] = static_cast<std::byte>(rest & 0xffU);
        if constexpr (sizeof(T) > 1) {
            rest >>= 8;
        }
    }
}

/// Bytes that a zigzag varint or varlong of `value` takes.
constexpr std::size_t varlong_bytes(std::int64_t value) {
    auto rest = (static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0);
    std::size_t size = 1;
    for (; rest > 0x7f; rest >>= 7) {
        ++size;
    }
    return size;
}

/// Bytes that a varint without zigzag takes.
constexpr std::size_t unsigned_varint_bytes(std::uint32_t value) {
    std::size_t size = 1;
    for (; value > 0x7f; value >>= 7) {
        ++size;
    }
    return size;
}

class Writer {
  public:
    /// Borrows `out` and appends to it.
    explicit Writer(ByteBuffer& out) : out_(out) {}

    void i8(std::int8_t value) { fixed(value); }
    void i16(std::int16_t value) { fixed(value); }
    void i32(std::int32_t value) { fixed(value); }
    void i64(std::int64_t value) { fixed(value); }
    void u32(std::uint32_t value) { fixed(value); }

    /// Zigzag varint; the same bytes whether the field is a varint or a varlong.
    void varint(std::int64_t value) {
        auto rest = (static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0);
        for (; rest > 0x7f; rest >>= 7) {
            out_.push_back(static_cast<std::byte>((rest & 0x7fU) | 0x80U));
        }
        out_.push_back(static_cast<std::byte>(rest));
    }

    /// Varint without zigzag.
    void unsigned_varint(std::uint32_t value) {
        for (; value > 0x7f; value >>= 7) {
            out_.push_back(static_cast<std::byte>((value & 0x7fU) | 0x80U));
        }
        out_.push_back(static_cast<std::byte>(value));
    }

    void bytes(Bytes value) { out_.append(value); }

    /// A byte string behind a varint length, -1 where null.
    void varint_bytes(const NullableBytes& value) {
        varint(value ? static_cast<std::int64_t>(value->size()) : -1);
        if (value) {
            bytes(*value);
        }
    }

  private:
    template <std::integral T>
    void fixed(T value) {
        const std::size_t at = out_.size();
        out_.reserve_more(sizeof(T));
        out_.resize(at + sizeof(T));
        store_big(out_.data() + at, value);
    }

    ByteBuffer& out_;
};

}  // namespace kseg::wire
