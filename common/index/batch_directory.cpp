// SPDX-License-Identifier: Apache-2.0
// Directory and footer of a batch table.
#include <fmt/format.h>

#include "base/crc.hpp"
#include "index/batch_rows.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::index {
namespace {

constexpr std::uint16_t kHasDamage = 1;

}  // namespace

void append_entry(ByteBuffer& out, const BlockEntry& entry) {
    wire::Writer write(out);
    write.u32(entry.size);
    write.u32(entry.crc);
    write.i16(static_cast<std::int16_t>(entry.rows));
    write.i16(static_cast<std::int16_t>(entry.bounds.has_damage ? kHasDamage : 0));
    write.u32(static_cast<std::uint32_t>(entry.bounds.records));
    write.i64(entry.bounds.min_offset);
    write.i64(entry.bounds.max_offset);
    write.i64(entry.bounds.min_timestamp);
    write.i64(entry.bounds.max_timestamp);
}

BlockEntry read_entry(wire::Reader& in) {
    BlockEntry entry;
    entry.size = in.u32();
    entry.crc = in.u32();
    entry.rows = static_cast<std::uint16_t>(in.i16());
    const auto flags = static_cast<std::uint16_t>(in.i16());
    entry.bounds.has_damage = flags == kHasDamage;
    entry.bounds.records = in.u32();
    entry.bounds.min_offset = in.i64();
    entry.bounds.max_offset = in.i64();
    entry.bounds.min_timestamp = in.i64();
    entry.bounds.max_timestamp = in.i64();
    if (flags > kHasDamage || entry.rows == 0 || entry.rows > kBlockRows || entry.size < entry.rows * kLeastRowBytes ||
        entry.size > entry.rows * kMostRowBytes) {
        in.fail();
    }
    return entry;
}

void append_footer(ByteBuffer& out, const TableFooter& footer) {
    const std::size_t begin = out.size();
    wire::Writer write(out);
    write.bytes(as_bytes(kTableMagic));
    write.u32(footer.version);
    write.u32(footer.blocks);
    write.i64(static_cast<std::int64_t>(footer.rows));
    write.u32(footer.records);
    write.u32(footer.directory_crc);
    write.u32(crc32c(out.bytes().subspan(begin)));
}

Result<TableFooter> read_footer(Bytes in, FileOffset at) {
    wire::Reader read(in, at);
    const Bytes magic = read.bytes(kTableMagic.size());
    TableFooter footer;
    footer.version = read.u32();
    footer.blocks = read.u32();
    footer.rows = static_cast<std::uint64_t>(read.i64());
    footer.records = read.u32();
    footer.directory_crc = read.u32();
    const std::uint32_t stored = read.u32();
    Error error{.code = Errc::corrupt, .what = "", .at = at.value};
    if (!read.ok() || as_text(magic) != kTableMagic) {
        error.what = "footer of a batch table: other magic word";
        return error;
    }
    const std::uint32_t computed = crc32c(in.first(kFooterBytes - 4));
    if (stored != computed) {
        error.what = fmt::format("footer crc; expected 0x{:08x}, got 0x{:08x}", stored, computed);
        return error;
    }
    if (footer.version != kTableVersion) {
        error.code = Errc::unsupported;
        error.what = fmt::format("batch table version; expected {}, got {}", kTableVersion, footer.version);
        return error;
    }
    if (footer.records > kMostRecords || footer.rows > std::uint64_t{footer.blocks} * kBlockRows) {
        error.what = "footer of a batch table: counts that cannot be";
        return error;
    }
    return footer;
}

}  // namespace kseg::index
