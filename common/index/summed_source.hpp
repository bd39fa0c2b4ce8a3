// SPDX-License-Identifier: Apache-2.0
// A byte source that sums what is read of another one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "base/crc.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::index {

/// Told how many bytes were read.
using ReadNotice = std::function<void(std::size_t bytes)>;

/// Borrows the source, and ends after `most` bytes: a file that grows as it is read would have no end.
class SummedSource final : public io::ByteSource {
  public:
    SummedSource(io::ByteSource& source, std::uint64_t most, ReadNotice on_read)
        : source_(source), most_(most), on_read_(std::move(on_read)) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        auto got = source_.read(within(bytes_, into));
        if (got) {
            crc_ = crc32c(into.first(*got), crc_);
            bytes_ += *got;
            if (on_read_) {
                on_read_(*got);
            }
        }
        return got;
    }

    std::optional<std::size_t> peek(std::uint64_t at, std::span<std::byte> into) override {
        return source_.peek(at, within(at, into));
    }

    /// CRC-32C of what was read.
    [[nodiscard]] std::uint32_t crc() const { return crc_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    [[nodiscard]] std::span<std::byte> within(std::uint64_t at, std::span<std::byte> into) const {
        return into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), most_ - std::min(at, most_))));
    }

    io::ByteSource& source_;
    std::uint64_t most_;
    ReadNotice on_read_;
    std::uint32_t crc_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace kseg::index
