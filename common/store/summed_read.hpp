// SPDX-License-Identifier: Apache-2.0
// Sums a file while somebody else reads it from its begin on, so that it need not be read once more for its checksum.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <utility>

#include "base/bytes.hpp"
#include "base/crc.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::store {

/// Told how many bytes were read for the first time.
using ReadNotice = std::function<void(std::size_t bytes)>;

/// Borrows the file. What is read elsewhere than where the sum has come to is passed on and not summed.
class SummedRead final : public io::ReadAt {
  public:
    explicit SummedRead(const io::ReadAt& file, io::StopFlag stop = {}, ReadNotice on_read = {})
        : file_(file), stop_(std::move(stop)), on_read_(std::move(on_read)) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return file_.size(); }

    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        if (stop_ && stop_()) {
            return Error{.code = Errc::cancelled, .what = "interrupted"};
        }
        auto got = file_.read_at(offset, into);
        const std::lock_guard lock(mutex_);
        if (got && offset == bytes_) {
            crc_ = crc32c(into.first(*got), crc_);
            bytes_ += *got;
            if (on_read_) {
                on_read_(*got);
            }
        }
        return got;
    }

    /// Reads what nobody has read, up to the end.
    /// errors   io, cancelled
    Result<void> finish() const {
        ByteBuffer piece;
        piece.resize(kPieceBytes);
        for (;;) {
            const auto got = read_at(bytes(), {piece.data(), piece.size()});
            if (!got) {
                return got.error();
            }
            if (*got == 0) {
                return {};
            }
        }
    }

    /// How many bytes from the begin on were read, and their CRC-32C.
    [[nodiscard]] std::uint64_t bytes() const {
        const std::lock_guard lock(mutex_);
        return bytes_;
    }
    [[nodiscard]] std::uint32_t crc() const {
        const std::lock_guard lock(mutex_);
        return crc_;
    }

  private:
    static constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

    const io::ReadAt& file_;
    io::StopFlag stop_;
    ReadNotice on_read_;
    mutable std::mutex mutex_;
    mutable std::uint64_t bytes_ = 0;  // these two guarded by mutex_
    mutable std::uint32_t crc_ = 0;
};

}  // namespace kseg::store
