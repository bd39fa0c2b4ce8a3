// SPDX-License-Identifier: Apache-2.0
// A member of an archive as bytes that come one after another, for who goes on behind damage: they end where a chunk
// cannot be read, as a file does that was cut there, and what is behind it can be had too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "archive/archive.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::archive {

class MemberStream final : public io::ByteSource {
  public:
    /// From byte `start` of a member on.
    /// stop     asked before each read: true ends with Errc::cancelled
    /// errors   invalid   there is no such member
    static Result<std::unique_ptr<MemberStream>> open(Archive archive, std::string_view member, std::uint64_t start,
                                                      io::StopFlag stop = {});

    /// 0 at the end of the member, and where the archive is damaged: see damage().
    /// errors   cancelled, io
    Result<std::size_t> read(std::span<std::byte> into) override;
    std::optional<std::size_t> peek(std::uint64_t at, std::span<std::byte> into) override;

    /// Why the bytes have ended before the member does; nothing where they have not.
    [[nodiscard]] const std::optional<Error>& damage() const { return damage_; }

    /// After damage: goes on with the next byte that can be read, which is the first of a chunk, and returns
    /// where in the member that is. Positions of peek() count from there. Nothing where none follows, or none can be told.
    std::optional<std::uint64_t> pass_damage();

  private:
    MemberStream(Archive archive, std::string member, std::unique_ptr<io::ReadAt> file, std::uint64_t start,
                 io::StopFlag stop);

    Archive archive_;
    std::string member_;
    std::unique_ptr<io::ReadAt> file_;
    std::uint64_t start_;
    std::uint64_t next_;
    // Up to here a read has failed: chunk by chunk from now on, so that each chunk is read once more and no oftener.
    std::uint64_t careful_to_ = 0;
    std::optional<Error> damage_;
    io::StopFlag stop_;
};

}  // namespace kseg::archive
