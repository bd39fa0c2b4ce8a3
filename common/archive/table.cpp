// SPDX-License-Identifier: Apache-2.0
#include "archive/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "archive/big_endian.hpp"
#include "archive/member_name.hpp"
#include "base/crc.hpp"

namespace kseg::archive {
namespace {

constexpr std::string_view kMagic = "ksegarch";
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kMemberBytes = 2 + 8 + 8 + 4;  // without the name
constexpr std::size_t kChunkBytes = 4 + 4 + 4;
// So that a sum of a position and a size cannot overflow, nor become negative as a file's offset.
constexpr std::uint64_t kMaxPosition = std::numeric_limits<std::int64_t>::max() / 2;

Error corrupt_at(std::size_t at, std::string what) {
    return {.code = Errc::corrupt, .what = "table: " + std::move(what), .at = at};
}

Result<void> read_members(FieldReader& in, std::uint32_t count, Table& table) {
    table.members.reserve(count);
    std::uint64_t least_position = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t at = in.at();
        MemberRow row;
        row.name = std::string(as_text(in.bytes(in.number<std::uint16_t>())));
        row.position = in.number<std::uint64_t>();
        row.size = in.number<std::uint64_t>();
        row.crc32c = in.number<std::uint32_t>();
        if (!in.ok()) {
            return corrupt_at(at, "a member is cut off");
        }
        if (const auto problem = problem_of_name(row.name)) {
            return corrupt_at(at, fmt::format("the name \"{}\" {}", printable(row.name), *problem));
        }
        if (row.position < least_position || row.position > kMaxPosition || row.size > kMaxPosition) {
            return corrupt_at(at, fmt::format("the member \"{}\" lies where none can", row.name));
        }
        least_position = row.position + row.size;
        table.members.push_back(std::move(row));
    }
    std::vector<std::string_view> names;
    names.reserve(count);
    for (const MemberRow& row : table.members) {
        names.emplace_back(row.name);
    }
    std::sort(names.begin(), names.end());
    if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
        return corrupt_at(0, fmt::format("two members \"{}\"", *twice));
    }
    return {};
}

Result<void> read_chunks(FieldReader& in, std::uint32_t count, Table& table) {
    table.chunks.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t at = in.at();
        const auto compressed = in.number<std::uint32_t>();
        const auto size = in.number<std::uint32_t>();
        const auto crc = in.number<std::uint32_t>();
        if (size == 0 || size > kMaxChunkBytes || compressed == 0 || compressed > 2 * kMaxChunkBytes) {
            return corrupt_at(at, fmt::format("a chunk of {} bytes, compressed {}", size, compressed));
        }
        table.add_chunk(compressed, size, crc);
    }
    return {};
}

}  // namespace

void Table::add_chunk(std::uint32_t compressed, std::uint32_t size, std::uint32_t crc32c) {
    chunks.push_back({.offset = compressed_bytes(),
                      .position = stream_bytes(),
                      .compressed = compressed,
                      .size = size,
                      .crc32c = crc32c});
}

ByteBuffer encode_table(const Table& table) {
    ByteBuffer out;
    append_be(out, static_cast<std::uint32_t>(table.members.size()));
    append_be(out, static_cast<std::uint32_t>(table.chunks.size()));
    for (const MemberRow& row : table.members) {
        append_be(out, static_cast<std::uint16_t>(row.name.size()));
        out.append(row.name);
        append_be(out, row.position);
        append_be(out, row.size);
        append_be(out, row.crc32c);
    }
    for (const ChunkRow& row : table.chunks) {
        append_be(out, row.compressed);
        append_be(out, row.size);
        append_be(out, row.crc32c);
    }
    return out;
}

Result<Table> decode_table(Bytes bytes) {
    FieldReader in(bytes);
    const auto members = in.number<std::uint32_t>();
    const auto chunks = in.number<std::uint32_t>();
    // Chunks have a fixed size, so what the members may take is known, and neither count can ask for more than is there.
    if (!in.ok() || chunks > in.left() / kChunkBytes || members > (in.left() - chunks * kChunkBytes) / kMemberBytes) {
        return corrupt_at(0, fmt::format("{} members and {} chunks in {} bytes", members, chunks, bytes.size()));
    }
    Table table;
    if (const auto read = read_members(in, members, table); !read) {
        return read.error();
    }
    if (in.left() != chunks * kChunkBytes) {
        return corrupt_at(in.at(), fmt::format("{} chunks in {} bytes", chunks, in.left()));
    }
    if (const auto read = read_chunks(in, chunks, table); !read) {
        return read.error();
    }
    const std::uint64_t end = table.members.empty() ? 0 : table.members.back().position + table.members.back().size;
    if (end > table.stream_bytes()) {
        return corrupt_at(0, fmt::format("members up to {}, but chunks up to {}", end, table.stream_bytes()));
    }
    return table;
}

ByteBuffer encode_footer(const Footer& footer) {
    ByteBuffer out;
    out.append(kMagic);
    append_be(out, kVersion);
    append_be(out, std::uint16_t{0});  // not in use
    append_be(out, footer.table_offset);
    append_be(out, footer.table_bytes);
    append_be(out, footer.table_crc32c);
    append_be(out, crc32c(out.bytes()));
    return out;
}

Result<std::optional<Footer>> decode_footer(Bytes bytes) {
    FieldReader in(bytes);
    if (as_text(in.bytes(kMagic.size())) != kMagic) {
        return std::optional<Footer>();
    }
    const auto version = in.number<std::uint16_t>();
    static_cast<void>(in.number<std::uint16_t>());
    Footer footer;
    footer.table_offset = in.number<std::uint64_t>();
    footer.table_bytes = in.number<std::uint32_t>();
    footer.table_crc32c = in.number<std::uint32_t>();
    const std::uint32_t made = crc32c(bytes.first(in.at()));
    const auto stored = in.number<std::uint32_t>();
    if (!in.ok() || stored != made) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("footer crc; expected 0x{:08x}, got 0x{:08x}", made, stored)};
    }
    if (version != kVersion) {
        return Error{.code = Errc::unsupported, .what = fmt::format("archive version; expected 1, got {}", version)};
    }
    return std::optional(footer);
}

}  // namespace kseg::archive
