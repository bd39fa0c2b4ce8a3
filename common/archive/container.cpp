// SPDX-License-Identifier: Apache-2.0
#include "archive/container.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "archive/big_endian.hpp"
#include "base/checked.hpp"
#include "base/crc.hpp"

namespace kseg::archive {
namespace {

// gzip: an empty member around one subfield of its extra field. Everything but the three lengths is fixed.
constexpr std::size_t kMemberHeadBytes = 10 + 2 + 4;  // header, length of the extra field, header of the subfield
constexpr std::size_t kMemberFrameBytes =
    kMemberHeadBytes + 2 + 8;                      // an empty deflate stream, CRC-32 and length of nothing
constexpr std::size_t kMaxPieceBytes = 65535 - 4;  // what a subfield that is alone can hold
constexpr char kTablePiece = 'T';
constexpr char kFooterPiece = 'F';

// zstd: skippable frames. The last one is the seek table of zstd's own seekable format.
constexpr std::uint32_t kTableMagic = 0x184d2a5b;
constexpr std::uint32_t kSeekTableMagic = 0x184d2a5e;
constexpr std::uint32_t kSeekableMagic = 0x8f92eab1;
constexpr std::size_t kFrameHeadBytes = 4 + 4;
constexpr std::size_t kSeekEntryBytes = 4 + 4;
constexpr std::size_t kSeekFooterBytes = 4 + 1 + 4;

constexpr std::uint32_t kMaxTableBytes = std::uint32_t{256} << 20;

template <typename T>
void append_le(ByteBuffer& out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        out.push_back(static_cast<std::byte>(value >> (8 * i)));
    }
}

std::uint32_t load_le32(Bytes in) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) {
        value = value << 8 | to_u8(in[i]);
    }
    return value;
}

void append_empty_member(ByteBuffer& out, char kind, Bytes piece) {
    using std::string_view_literals::operator""sv;
    out.append("\x1f\x8b\x08\x04\0\0\0\0\0\xff"sv);  // deflate, extra field, no time, system unknown
    append_le(out, checked_cast<std::uint16_t>(piece.size() + 4));
    out.push_back('K');
    out.push_back(kind);
    append_le(out, checked_cast<std::uint16_t>(piece.size()));
    out.append(piece);
    out.append("\x03\0\0\0\0\0\0\0\0\0"sv);
}

std::uint64_t tail_bytes_gz(std::uint64_t table_bytes) {
    const std::uint64_t pieces = (table_bytes + kMaxPieceBytes - 1) / kMaxPieceBytes;
    return table_bytes + (pieces + 1) * kMemberFrameBytes + kFooterBytes;
}

void append_seek_table(ByteBuffer& out, const Table& table, std::size_t table_frame_bytes) {
    const std::size_t frames = table.chunks.size() + 1;  // the frame of our table counts, as one without content
    append_le(out, kSeekTableMagic);
    append_le(out, checked_cast<std::uint32_t>(frames * kSeekEntryBytes + kSeekFooterBytes));
    for (const ChunkRow& chunk : table.chunks) {
        append_le(out, chunk.compressed);
        append_le(out, chunk.size);
    }
    append_le(out, checked_cast<std::uint32_t>(table_frame_bytes));
    append_le(out, std::uint32_t{0});
    append_le(out, checked_cast<std::uint32_t>(frames));
    out.push_back(std::byte{0});  // no checksums in it: every frame has its own
    append_le(out, kSeekableMagic);
}

Error damaged(std::string what, std::uint64_t at) {
    return {.code = Errc::corrupt, .what = std::move(what), .at = at};
}

Result<ByteBuffer> read_exactly(const io::ReadAt& file, std::uint64_t offset, std::uint64_t size) {
    ByteBuffer bytes;
    bytes.resize(static_cast<std::size_t>(size));
    const auto got = file.read_at(offset, {bytes.data(), bytes.size()});
    if (!got) {
        return got.error();
    }
    if (*got != bytes.size()) {
        return Error{.code = Errc::truncated, .what = "the file has become shorter", .at = offset + *got};
    }
    return bytes;
}

struct FoundFooter {
    Format format = Format::tar_gz;
    std::uint64_t at = 0;
    Footer footer;
    std::uint64_t tail_bytes = 0;  // that there must be from table_offset on
};

Result<std::optional<Footer>> footer_at(const io::ReadAt& file, std::uint64_t at) {
    const auto bytes = read_exactly(file, at, kFooterBytes);
    if (!bytes) {
        return bytes.error();
    }
    auto footer = decode_footer(bytes->bytes());
    if (!footer) {
        Error error = footer.error();
        error.at = at;
        return error;
    }
    return footer;
}

Result<std::optional<FoundFooter>> find_footer(const io::ReadAt& file, std::uint64_t file_bytes) {
    constexpr std::size_t kBehindGz = 2 + 8;  // what follows the footer in its member
    if (file_bytes >= kFooterBytes + kBehindGz) {
        const std::uint64_t at = file_bytes - kBehindGz - kFooterBytes;
        const auto footer = footer_at(file, at);
        if (!footer) {
            return footer.error();
        }
        if (*footer) {
            return std::optional(FoundFooter{Format::tar_gz, at, **footer, tail_bytes_gz((*footer)->table_bytes)});
        }
    }
    if (file_bytes < kFooterBytes + kSeekFooterBytes) {
        return std::optional<FoundFooter>();
    }
    const auto seek = read_exactly(file, file_bytes - kSeekFooterBytes, kSeekFooterBytes);
    if (!seek) {
        return seek.error();
    }
    const std::uint64_t seek_bytes =
        kFrameHeadBytes + std::uint64_t{load_le32(seek->bytes())} * kSeekEntryBytes + kSeekFooterBytes;
    if (load_le32(seek->bytes().last(4)) != kSeekableMagic || seek_bytes > file_bytes - kFooterBytes) {
        return std::optional<FoundFooter>();
    }
    const std::uint64_t at = file_bytes - seek_bytes - kFooterBytes;
    const auto footer = footer_at(file, at);
    if (!footer) {
        return footer.error();
    }
    if (!*footer) {
        return std::optional<FoundFooter>();
    }
    return std::optional(
        FoundFooter{Format::tar_zst, at, **footer, kFrameHeadBytes + (*footer)->table_bytes + kFooterBytes + seek_bytes});
}

/// The bytes of the table, out of all that follows the chunks, whose length has been checked.
ByteBuffer gather_table(Format format, Bytes tail, std::size_t table_bytes) {
    ByteBuffer table;
    table.reserve(table_bytes);
    if (format == Format::tar_zst) {
        table.append(tail.subspan(kFrameHeadBytes, table_bytes));
        return table;
    }
    for (std::size_t at = 0; table.size() < table_bytes;) {
        const std::size_t piece = std::min(table_bytes - table.size(), kMaxPieceBytes);
        table.append(tail.subspan(at + kMemberHeadBytes, piece));
        at += piece + kMemberFrameBytes;
    }
    return table;
}

}  // namespace

ByteBuffer encode_tail(Format format, const Table& table) {
    const ByteBuffer bytes = encode_table(table);
    const ByteBuffer footer = encode_footer({.table_offset = table.compressed_bytes(),
                                             .table_bytes = checked_cast<std::uint32_t>(bytes.size()),
                                             .table_crc32c = crc32c(bytes.bytes())});
    ByteBuffer out;
    if (format == Format::tar_gz) {
        for (Bytes rest = bytes.bytes(); !rest.empty();) {
            const Bytes piece = rest.first(std::min(rest.size(), kMaxPieceBytes));
            append_empty_member(out, kTablePiece, piece);
            rest = rest.subspan(piece.size());
        }
        append_empty_member(out, kFooterPiece, footer.bytes());
        return out;
    }
    append_le(out, kTableMagic);
    append_le(out, checked_cast<std::uint32_t>(bytes.size() + kFooterBytes));
    out.append(bytes.bytes());
    out.append(footer.bytes());
    append_seek_table(out, table, out.size());
    return out;
}

Result<std::optional<FoundTable>> find_table(const io::ReadAt& file, std::uint64_t file_bytes) {
    const auto found = find_footer(file, file_bytes);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return std::optional<FoundTable>();
    }
    const auto& [format, footer_offset, footer, tail_bytes] = **found;
    if (footer.table_bytes > kMaxTableBytes || tail_bytes > file_bytes || footer.table_offset != file_bytes - tail_bytes) {
        return damaged(fmt::format("footer: a table of {} bytes at {} does not end with the file of {} bytes",
                                   footer.table_bytes, footer.table_offset, file_bytes),
                       footer_offset);
    }
    const auto tail = read_exactly(file, footer.table_offset, tail_bytes);
    if (!tail) {
        return tail.error();
    }
    const ByteBuffer bytes = gather_table(format, tail->bytes(), footer.table_bytes);
    if (const std::uint32_t made = crc32c(bytes.bytes()); made != footer.table_crc32c) {
        return damaged(fmt::format("table crc; expected 0x{:08x}, got 0x{:08x}", footer.table_crc32c, made),
                       footer.table_offset);
    }
    auto table = decode_table(bytes.bytes());
    if (!table) {
        return damaged(table.error().what, footer.table_offset);
    }
    if (table->compressed_bytes() != footer.table_offset) {
        return damaged(
            fmt::format("chunks up to {}, but the table begins at {}", table->compressed_bytes(), footer.table_offset),
            footer.table_offset);
    }
    // What stands around table and footer is fixed too: so no byte of the tail may change without notice.
    const ByteBuffer again = encode_tail(format, *table);
    if (again.text() != tail->text()) {
        const auto differs =
            std::mismatch(tail->text().begin(), tail->text().end(), again.text().begin(), again.text().end());
        return damaged("what holds the table is not as it is written",
                       footer.table_offset + static_cast<std::uint64_t>(differs.first - tail->text().begin()));
    }
    return std::optional(FoundTable{format, *std::move(table)});
}

}  // namespace kseg::archive
