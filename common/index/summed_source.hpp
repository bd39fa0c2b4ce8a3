// SPDX-License-Identifier: Apache-2.0
// A byte source that sums what is read of another one.
#pragma once

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

/// Borrows the source; hands it on and sums what goes through.
class SummedSource final : public io::ByteSource {
  public:
    SummedSource(io::ByteSource& source, ReadNotice on_read) : source_(source), on_read_(std::move(on_read)) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        auto got = source_.read(into);
        if (got) {
            crc_ = crc32c(into.first(*got), crc_);
            bytes_ += *got;
            if (on_read_) {
                on_read_(*got);
            }
        }
        return got;
    }

    std::optional<std::size_t> peek(std::uint64_t at, std::span<std::byte> into) override { return source_.peek(at, into); }

    /// CRC-32C of what was read.
    [[nodiscard]] std::uint32_t crc() const { return crc_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    io::ByteSource& source_;
    ReadNotice on_read_;
    std::uint32_t crc_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace kseg::index
