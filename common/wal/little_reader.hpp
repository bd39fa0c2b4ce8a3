// SPDX-License-Identifier: Apache-2.0
// Reads little-endian integers, and the shapes that bincode 1.3 gives to Rust's types, from borrowed bytes. Sticky, as
// wire::Reader is: after the first read that does not fit everything gives zero or nothing and ok() stays false.
// Layout: man/kseg-segment.5, CHRONIK WAL.
#pragma once

#include <concepts>
#include <cstdint>

#include "base/bytes.hpp"

namespace kseg::wal {

class LittleReader {
  public:
    /// Borrows `in`.
    explicit LittleReader(Bytes in) : in_(in) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t left() const { return in_.size() - at_; }
    [[nodiscard]] std::size_t consumed() const { return at_; }

    template <std::integral T>
    T number() {
        if (left() < sizeof(T)) {
            fail();
            return 0;
        }
        std::uint64_t value = 0;
        for (std::size_t i = sizeof(T); i-- > 0;) {
            value = value << 8 | to_u8(in_[at_ + i]);
        }
        at_ += sizeof(T);
        return static_cast<T>(value);
    }

    /// The next `size` bytes; fails where fewer are left.
    Bytes bytes(std::uint64_t size) {
        if (size > left()) {
            fail();
            return {};
        }
        const Bytes taken = in_.subspan(at_, static_cast<std::size_t>(size));
        at_ += taken.size();
        return taken;
    }

    /// A byte that is 0 or 1; fails for any other.
    bool flag() {
        const auto value = number<std::uint8_t>();
        if (value > 1) {
            fail();
        }
        return ok_ && value == 1;
    }

    /// A byte string behind a u64 length.
    Bytes vector() { return bytes(number<std::uint64_t>()); }

    /// The same behind a byte that says whether it is there.
    NullableBytes option() { return flag() ? NullableBytes(vector()) : std::nullopt; }

    /// The number of elements that follow, each of `least_bytes` or more; fails where there is no room for them.
    std::uint64_t count(std::uint64_t least_bytes) {
        const auto count = number<std::uint64_t>();
        if (count > left() / least_bytes) {
            fail();
            return 0;
        }
        return count;
    }

    void fail() {
        ok_ = false;
        at_ = in_.size();
    }

  private:
    Bytes in_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace kseg::wal
