// SPDX-License-Identifier: Apache-2.0
// Writes archives: a tar stream in chunks that are compressed each for itself, and a table of contents.
// Format: man/kseg-archive.5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "archive/container.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"
#include "io/sink.hpp"

namespace kseg::archive {

struct WriteOptions {
    Format format = Format::tar_gz;
    /// In the scale of codec/chunk.hpp; nothing means its default.
    std::optional<int> level{};
    /// Threads that compress; 0 does it in add(). The bytes do not depend on it.
    unsigned jobs = 0;
};

/// How one member is cut and compressed.
struct AddOptions {
    static constexpr std::size_t kLeastChunkBytes = 512;
    static constexpr std::size_t kMostChunkBytes = std::size_t{1} << 20;

    /// Content in a chunk: what a reader has to fetch and decompress for a single byte of it.
    std::size_t chunk_bytes = std::size_t{256} << 10;
    /// Not compressed, for what is compressed already.
    bool store = false;
};

/// What was written.
struct Written {
    std::uint64_t bytes = 0;
    std::uint32_t crc32c = 0;  ///< of the whole archive
};

/// The same members with the same options make the same bytes, whatever the time and the number of jobs. After an error of
/// any call the archive is not whole, and every further call fails. Not for several threads.
class ArchiveWriter {
  public:
    ArchiveWriter(const ArchiveWriter&) = delete;
    ArchiveWriter& operator=(const ArchiveWriter&) = delete;
    ~ArchiveWriter();

    /// Borrows the sink.
    /// errors   invalid   the level
    static Result<std::unique_ptr<ArchiveWriter>> begin(io::Sink& out, const WriteOptions& options);

    /// Adds a member. Order is the caller's, and kept.
    /// content  read once, from its begin to the size that it has at the call
    /// errors   invalid     the name is none that a member may have, or is taken, or the chunk size is out of range
    ///          io          of content or sink;   truncated   content became shorter
    ///          too_large   the table of contents would become too large
    Result<void> add(std::string_view name, const io::ReadAt& content, const AddOptions& options = {});

    /// The same with content that is in memory.
    Result<void> add(std::string_view name, Bytes content, const AddOptions& options = {});

    /// Writes the rest. Does not commit the sink.
    Result<Written> finish();

  private:
    class Impl;
    explicit ArchiveWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace kseg::archive
