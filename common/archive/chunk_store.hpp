// SPDX-License-Identifier: Apache-2.0
// The tar stream of a seekable archive as bytes that can be read anywhere: chunks are fetched, verified and kept for a
// while.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "archive/table.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"
#include "kafka/codec/chunk.hpp"

namespace kseg::archive {

/// Chunks by their number, the least recently used of which go first. For several threads.
class ChunkCache {
  public:
    using Chunk = std::shared_ptr<const ByteBuffer>;

    explicit ChunkCache(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

    /// Null where it is not there.
    Chunk get(std::size_t number);
    [[nodiscard]] bool has(std::size_t number) const;
    void put(std::size_t number, Chunk chunk);

  private:
    struct Entry {
        std::size_t number = 0;
        Chunk chunk;
    };
    const std::size_t limit_bytes_;
    mutable std::mutex mutex_;
    std::list<Entry> entries_;  // the most recently used one first
    std::unordered_map<std::size_t, std::list<Entry>::iterator> by_number_;
    std::size_t bytes_ = 0;
};

class ChunkStore final : public io::ReadAt {
  public:
    ChunkStore(std::shared_ptr<const io::ReadAt> file, codec::ChunkCodec codec, std::vector<ChunkRow> chunks,
               std::size_t cache_bytes, std::size_t request_bytes);

    [[nodiscard]] Result<std::uint64_t> size() const override { return stream_bytes_; }
    [[nodiscard]] const std::vector<ChunkRow>& chunks() const { return chunks_; }

    /// Reads the tar stream.
    /// errors   io;   corrupt, truncated   with the place in the archive
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t position, std::span<std::byte> into) const override;

    /// Decompresses one chunk from its compressed bytes and verifies it.
    /// into     of the chunk's size
    [[nodiscard]] Result<void> unpack(const ChunkRow& chunk, Bytes compressed, std::span<std::byte> into) const;

    /// Reads the compressed bytes of chunks that follow one another.
    [[nodiscard]] Result<void> fetch(std::span<const ChunkRow> run, ByteBuffer& into) const;

  private:
    [[nodiscard]] std::span<const ChunkRow> missing_run(std::size_t first, std::uint64_t end) const;
    [[nodiscard]] Result<void> read_run(std::span<const ChunkRow> run, std::uint64_t position,
                                        std::span<std::byte> into) const;

    std::shared_ptr<const io::ReadAt> file_;
    codec::ChunkCodec codec_;
    std::vector<ChunkRow> chunks_;
    std::uint64_t stream_bytes_;
    std::size_t request_bytes_;
    mutable ChunkCache cache_;
};

}  // namespace kseg::archive
