// SPDX-License-Identifier: Apache-2.0
// The table of contents of an archive, and the footer that leads to it. Layout: man/kseg-archive.5, TABLE and FOOTER.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::archive {

/// Most bytes of the tar stream in one chunk.
inline constexpr std::size_t kMaxChunkBytes = std::size_t{2} << 20;

/// One member, as the table has it.
struct MemberRow {
    std::string name;
    std::uint64_t position = 0;  ///< of its content in the tar stream
    std::uint64_t size = 0;
    std::uint32_t crc32c = 0;
};

/// One chunk. The offsets are sums and not stored: chunks follow one another on both sides.
struct ChunkRow {
    std::uint64_t offset = 0;    ///< in the archive
    std::uint64_t position = 0;  ///< in the tar stream
    std::uint32_t compressed = 0;
    std::uint32_t size = 0;    ///< in the tar stream
    std::uint32_t crc32c = 0;  ///< of these bytes of the tar stream
};

struct Table {
    std::vector<MemberRow> members;
    std::vector<ChunkRow> chunks;

    [[nodiscard]] std::uint64_t stream_bytes() const {
        return chunks.empty() ? 0 : chunks.back().position + chunks.back().size;
    }
    [[nodiscard]] std::uint64_t compressed_bytes() const {
        return chunks.empty() ? 0 : chunks.back().offset + chunks.back().compressed;
    }
    /// Appends a chunk behind those that are there.
    void add_chunk(std::uint32_t compressed, std::uint32_t size, std::uint32_t crc32c);
};

ByteBuffer encode_table(const Table& table);

/// errors   corrupt   `at` says where in the table
Result<Table> decode_table(Bytes bytes);

inline constexpr std::size_t kFooterBytes = 8 + 2 + 2 + 8 + 4 + 4 + 4;

/// Where the table is.
struct Footer {
    std::uint64_t table_offset = 0;  ///< where the chunks end in the archive, and what holds the table begins
    std::uint32_t table_bytes = 0;
    std::uint32_t table_crc32c = 0;
};

ByteBuffer encode_footer(const Footer& footer);

/// Nothing where `bytes`, of kFooterBytes, do not begin as a footer.
/// errors   corrupt   its checksum is wrong;   unsupported   of another version
Result<std::optional<Footer>> decode_footer(Bytes bytes);

}  // namespace kseg::archive
