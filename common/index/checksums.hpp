// SPDX-License-Identifier: Apache-2.0
// A checksum for each 16 KiB of every file of an index, so that what is read of a file can be verified without reading all
// of it. Layout: man/kseg-index.5, CHECKSUMS.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::index {

inline constexpr std::size_t kChunkBytes = 16384;

/// Size and checksums of one file.
struct FileSums {
    std::uint64_t size = 0;
    std::vector<std::uint32_t> chunks;  ///< CRC-32C of each kChunkBytes; the last may be shorter

    /// CRC-32C of the whole file, which is joined from those of the chunks.
    [[nodiscard]] std::uint32_t crc32c() const;

    friend bool operator==(const FileSums&, const FileSums&) = default;
};

/// Those of bytes that come one after another.
class FileSummer {
  public:
    void add(Bytes bytes);
    [[nodiscard]] const FileSums& sums() const { return sums_; }

  private:
    FileSums sums_;
};

/// Those of a file as it is now.
/// errors   io
Result<FileSums> sum_file(const io::ReadAt& file);

/// Those of files by their names.
using Checksums = std::map<std::string, FileSums, std::less<>>;

/// The content of the checksums' own file. Names are at most 65535 bytes long.
ByteBuffer write_checksums(const Checksums& checksums);

/// name     for messages
/// errors   corrupt       its checksum is wrong, or what that covers makes no sense
///          unsupported   of another version
Result<Checksums> parse_checksums(Bytes content, const std::string& name);

/// A file all of whose bytes are verified before anybody gets them. A chunk is read whole; the last ones stay in memory.
/// Several threads may read, one at a time.
class VerifiedFile final : public io::ReadAt {
  public:
    static constexpr std::size_t kDefaultCachedChunks = 64;

    /// name     for messages
    /// errors   io;   corrupt   the file's size is another
    static Result<std::unique_ptr<VerifiedFile>> open(std::unique_ptr<io::ReadAt> file, FileSums sums, std::string name,
                                                      std::size_t cached_chunks = kDefaultCachedChunks);

    [[nodiscard]] Result<std::uint64_t> size() const override { return sums_.size; }
    /// errors   io;   corrupt   a chunk is not what was written: the error names file and offset
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override;

  private:
    static constexpr std::uint64_t kNoChunk = ~std::uint64_t{0};
    struct Slot {
        std::uint64_t chunk = kNoChunk;
        ByteBuffer bytes;
    };
    VerifiedFile(std::unique_ptr<io::ReadAt> file, FileSums sums, std::string name, std::size_t cached_chunks)
        : file_(std::move(file)), sums_(std::move(sums)), name_(std::move(name)), slots_(cached_chunks) {}
    [[nodiscard]] std::size_t chunk_size(std::uint64_t chunk) const;
    [[nodiscard]] Result<void> read_chunks(std::uint64_t first, std::span<std::byte> into) const;
    [[nodiscard]] Result<Bytes> cached_chunk(std::uint64_t chunk) const;

    std::unique_ptr<io::ReadAt> file_;
    FileSums sums_;
    std::string name_;
    mutable std::mutex mutex_;         // of slots_
    mutable std::vector<Slot> slots_;  // a chunk's is that of its number modulo their count
};

}  // namespace kseg::index
