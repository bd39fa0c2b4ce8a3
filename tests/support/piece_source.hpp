// SPDX-License-Identifier: Apache-2.0
// A byte source over memory that hands out small pieces, counts what is read, and looks ahead only where it is told to.
#pragma once

#include <algorithm>
#include <cstdint>

#include "io/file.hpp"

namespace kseg::test {

class PieceSource final : public io::ByteSource {
  public:
    /// Borrows `all`.
    PieceSource(Bytes all, std::size_t piece, bool peeks) : all_(all), piece_(piece), peeks_(peeks) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        const std::size_t part = std::min({into.size(), piece_, all_.size() - at_});
        std::copy_n(all_.data() + at_, part, into.data());
        at_ += part;
        return part;
    }

    std::optional<std::size_t> peek(std::uint64_t at, std::span<std::byte> into) override {
        if (!peeks_) {
            return std::nullopt;
        }
        const std::size_t part = at >= all_.size() ? 0 : std::min(into.size(), all_.size() - static_cast<std::size_t>(at));
        if (part != 0) {
            std::copy_n(all_.data() + at, part, into.data());
        }
        return part;
    }

  private:
    Bytes all_;
    std::size_t at_ = 0;
    std::size_t piece_;
    bool peeks_;
};

}  // namespace kseg::test
