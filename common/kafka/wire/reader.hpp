// SPDX-License-Identifier: Apache-2.0
// Reads Kafka's primitive types from borrowed bytes: big-endian integers, zigzag varints, length-prefixed byte strings.
// Sticky: after the first read that does not fit, every further one gives zero or nothing and ok() stays false, so that
// a parser reads all its fields and asks once. Source: KIP-98, Kafka's ByteUtils.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace kseg::wire {

inline constexpr int kMaxVarintBytes = 5;
inline constexpr int kMaxVarlongBytes = 10;

/// Big-endian integer at `data`, which must hold sizeof(T) bytes.
template <std::integral T>
T load_big(const std::byte* data) {
    using U = std::make_unsigned_t<T>;
    U value = 0;
    std::memcpy(&value, data, sizeof value);
    if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
        if constexpr (sizeof(T) == 2) {
            value = __builtin_bswap16(value);
        } else if constexpr (sizeof(T) == 4) {
            value = __builtin_bswap32(value);
        } else {
            value = __builtin_bswap64(value);
        }
    }
    return static_cast<T>(value);
}

class Reader {
  public:
    /// Borrows `in`; `at` is the file offset of in[0], for error messages.
    explicit Reader(Bytes in, FileOffset at = {})
        : pos_(in.data()), end_(in.data() + in.size()), begin_(in.data()), at_(at) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - pos_); }
    [[nodiscard]] std::size_t consumed() const { return static_cast<std::size_t>(pos_ - begin_); }
    /// File offset of the next byte to read.
    [[nodiscard]] FileOffset position() const { return at_ + consumed(); }

    std::int8_t i8() { return fixed<std::int8_t>(); }
    std::int16_t i16() { return fixed<std::int16_t>(); }
    std::int32_t i32() { return fixed<std::int32_t>(); }
    std::int64_t i64() { return fixed<std::int64_t>(); }
    std::uint32_t u32() { return fixed<std::uint32_t>(); }

    /// Zigzag varint of at most 5 bytes and 32 bits; longer or larger fails.
    std::int32_t varint() {
        if (pos_ != end_ && (to_u8(*pos_) & 0x80U) == 0) {
            const std::uint32_t raw = to_u8(*pos_++);
            return static_cast<std::int32_t>((raw >> 1) ^ (0U - (raw & 1U)));
        }
        const std::uint64_t raw = raw_varint(kMaxVarintBytes);
        if (raw > UINT32_MAX) {
            fail();
            return 0;
        }
        const auto low = static_cast<std::uint32_t>(raw);
        return static_cast<std::int32_t>((low >> 1) ^ (0U - (low & 1U)));
    }

    /// Zigzag varint of at most 10 bytes and 64 bits.
    std::int64_t varlong() {
        const std::uint64_t raw = raw_varint(kMaxVarlongBytes);
        return static_cast<std::int64_t>((raw >> 1) ^ (0U - (raw & 1U)));
    }

    /// Varint without zigzag, of at most 5 bytes and 32 bits: lengths and tags of flexible versions (KIP-482).
    std::uint32_t unsigned_varint() {
        const std::uint64_t raw = raw_varint(kMaxVarintBytes);
        if (raw > UINT32_MAX) {
            fail();
            return 0;
        }
        return static_cast<std::uint32_t>(raw);
    }

    /// The next `size` bytes; fails where fewer are left.
    Bytes bytes(std::uint64_t size) {
        if (size > left()) {
            fail();
            return {};
        }
        const Bytes taken{pos_, static_cast<std::size_t>(size)};
        pos_ += size;
        return taken;
    }

    /// A byte string behind a varint length; -1 is null, less fails.
    NullableBytes varint_bytes() { return nullable(varint()); }

    /// A byte string behind an i32 length; -1 is null, less fails.
    NullableBytes i32_bytes() { return nullable(i32()); }

    void fail() {
        ok_ = false;
        pos_ = end_;
    }

  private:
    template <std::integral T>
    T fixed() {
        if (left() < sizeof(T)) {
            fail();
            return 0;
        }
        const T value = load_big<T>(pos_);
        pos_ += sizeof(T);
        return value;
    }

    std::uint64_t raw_varint(int most_bytes) {
        std::uint64_t value = 0;
        for (int i = 0; i < most_bytes && pos_ != end_; ++i) {
            const std::uint64_t byte = to_u8(*pos_++);
            // The tenth byte of a 64-bit number has room for one bit.
            if (i == kMaxVarlongBytes - 1 && byte > 1) {
                break;
            }
            value |= (byte & 0x7fU) << (7 * i);
            if ((byte & 0x80U) == 0) {
                return value;
            }
        }
        fail();
        return 0;
    }

    NullableBytes nullable(std::int32_t length) {
        if (length == -1 || !ok_) {
            return std::nullopt;
        }
        if (length < 0) {
            fail();
            return std::nullopt;
        }
        return bytes(static_cast<std::uint32_t>(length));
    }

    const std::byte* pos_;
    const std::byte* end_;
    const std::byte* begin_;
    FileOffset at_;
    bool ok_ = true;
};

}  // namespace kseg::wire
