// SPDX-License-Identifier: Apache-2.0
// A member of an archive as bytes that come one after another, for who goes on behind damage: what can be read before a
// chunk that cannot comes first, and what is behind it can be had too.
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

    /// errors   cancelled;   io;   corrupt, truncated   the archive is damaged here: all before was read
    Result<std::size_t> read(std::span<std::byte> into) override;
    std::optional<std::size_t> peek(std::uint64_t at, std::span<std::byte> into) override;

    /// After a read that failed: goes on with the next byte that can be read, which is the first of a chunk, and returns
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
    io::StopFlag stop_;
};

}  // namespace kseg::archive
