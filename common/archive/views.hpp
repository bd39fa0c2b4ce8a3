// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: what one sees of other bytes: a member of the tar stream, a file whose tail is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::archive {

/// A range of the tar stream, whose errors name archive and member.
class MemberView final : public io::ReadAt {
  public:
    /// Shares the stream; `position` + `size` lies within it.
    MemberView(std::shared_ptr<const io::ReadAt> stream, std::uint64_t position, std::uint64_t size, std::string archive,
               std::string member);

    [[nodiscard]] Result<std::uint64_t> size() const override { return size_; }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override;

  private:
    std::shared_ptr<const io::ReadAt> stream_;
    std::uint64_t position_;
    std::uint64_t size_;
    std::string archive_;
    std::string member_;
};

/// A file whose last bytes have been read and need not be again.
class KeptTail final : public io::ReadAt {
  public:
    /// Reads the tail.
    /// errors   io;   truncated   the file has less than file_bytes
    static Result<std::shared_ptr<const KeptTail>> open(std::shared_ptr<const io::ReadAt> file, std::uint64_t file_bytes,
                                                        std::size_t tail_bytes);

    [[nodiscard]] Result<std::uint64_t> size() const override { return tail_at_ + tail_.size(); }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override;

  private:
    KeptTail(std::shared_ptr<const io::ReadAt> file, std::uint64_t tail_at, ByteBuffer tail)
        : file_(std::move(file)), tail_at_(tail_at), tail_(std::move(tail)) {}
    std::shared_ptr<const io::ReadAt> file_;
    std::uint64_t tail_at_;
    ByteBuffer tail_;
};

}  // namespace kseg::archive
