// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: big-endian integers, read with one check at the end.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace kseg::archive {

template <typename T>
void append_be(ByteBuffer& out, T value) {
    for (std::size_t i = sizeof(T); i-- > 0;) {
        out.push_back(static_cast<std::byte>(value >> (8 * i)));
    }
}

/// Reads one field after another. Past the end it gives zeros, and ok() is false from then on.
class FieldReader {
  public:
    /// Borrows `in`.
    explicit FieldReader(Bytes in) : in_(in) {}

    template <typename T>
    T number() {
        T value = 0;
        for (const std::byte b : bytes(sizeof(T))) {
            value = static_cast<T>(static_cast<T>(value << 8) | static_cast<T>(to_u8(b)));
        }
        return value;
    }

    /// Empty where fewer are left.
    Bytes bytes(std::size_t count) {
        if (!ok_ || left() < count) {
            ok_ = false;
            return {};
        }
        const Bytes part = in_.subspan(at_, count);
        at_ += count;
        return part;
    }

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] std::size_t left() const { return in_.size() - at_; }

  private:
    Bytes in_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace kseg::archive
