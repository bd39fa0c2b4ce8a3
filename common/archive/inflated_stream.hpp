// SPDX-License-Identifier: Apache-2.0
// A compressed file that has no table, seen as the bytes in it. Reading on is as fast as the codec; reading what lies more
// than a few blocks back begins from the file's begin.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"
#include "kafka/codec/stream.hpp"

namespace kseg::archive {

/// Several threads may read, one at a time; where they read at different places, each read begins from the file's begin.
class InflatedStream final : public io::ReadAt {
  public:
    /// Bytes of the stream that are decompressed at once; two blocks are kept.
    static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

    /// codec   gzip or zstd
    InflatedStream(std::shared_ptr<const io::ReadAt> file, codec::Codec codec) : file_(std::move(file)), codec_(codec) {}

    /// Decompresses all that is left of the file: then its end is verified too.
    /// errors   as read_at()
    [[nodiscard]] Result<std::uint64_t> size() const override;

    /// errors   io;   corrupt, truncated, unsupported   with the place in the file, as far as the codec can tell
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t position, std::span<std::byte> into) const override;

  private:
    struct Block {
        std::uint64_t position = 0;
        ByteBuffer bytes;
    };
    Result<void> begin() const;
    Result<bool> next_block() const;
    Result<bool> refill() const;

    std::shared_ptr<const io::ReadAt> file_;
    codec::Codec codec_;
    mutable std::mutex mutex_;  // of all below
    mutable std::unique_ptr<codec::StreamDecompressor> stream_;
    mutable std::uint64_t file_at_ = 0;  // behind what is in input_
    mutable ByteBuffer input_;
    mutable std::size_t input_used_ = 0;
    mutable std::array<Block, 2> blocks_;  // the older one first
};

}  // namespace kseg::archive
