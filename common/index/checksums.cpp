// SPDX-License-Identifier: Apache-2.0
#include "index/checksums.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.hpp"
#include "base/crc.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::index {
namespace {

constexpr std::string_view kMagic = "KSEGSUMS";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeadBytes = 8 + 4 + 4 + 4;  // magic word, version, chunk size, number of files
constexpr std::size_t kCrcBytes = 4;

std::uint64_t chunks_of(std::uint64_t size) {
    return size / kChunkBytes + (size % kChunkBytes == 0 ? 0 : 1);
}

Error bad(Errc code, std::string what, std::uint64_t at) {
    return Error{.code = code, .what = std::move(what), .at = at};
}

/// One file's name and sums; fails the reader where they make no sense.
std::pair<std::string, FileSums> read_file_sums(wire::Reader& in) {
    std::pair<std::string, FileSums> file;
    const auto name_bytes = static_cast<std::uint16_t>(in.i16());
    file.first = as_text(in.bytes(name_bytes));
    file.second.size = static_cast<std::uint64_t>(in.i64());
    const std::uint64_t chunks = chunks_of(file.second.size);
    if (!in.ok() || name_bytes == 0 || chunks > in.left() / 4) {
        in.fail();
        return file;
    }
    file.second.chunks.reserve(static_cast<std::size_t>(chunks));
    for (std::uint64_t i = 0; i < chunks; ++i) {
        file.second.chunks.push_back(in.u32());
    }
    return file;
}

Result<Checksums> parse(Bytes content) {
    if (content.size() < kHeadBytes + kCrcBytes || as_text(content.first(kMagic.size())) != kMagic) {
        return bad(Errc::corrupt, "checksums: other magic word", 0);
    }
    const std::size_t end = content.size() - kCrcBytes;
    const auto stored = wire::load_big<std::uint32_t>(content.data() + end);
    if (const std::uint32_t computed = crc32c(content.first(end)); stored != computed) {
        return bad(Errc::corrupt, fmt::format("checksums crc; expected 0x{:08x}, got 0x{:08x}", stored, computed), end);
    }
    wire::Reader in(content.first(end));
    (void)in.bytes(kMagic.size());
    const std::uint32_t version = in.u32();
    const std::uint32_t chunk_bytes = in.u32();
    const std::uint32_t files = in.u32();
    if (version != kVersion || chunk_bytes != kChunkBytes) {
        return bad(Errc::unsupported, fmt::format("checksums version {} with chunks of {} bytes", version, chunk_bytes),
                   kMagic.size());
    }
    Checksums all;
    for (std::uint32_t i = 0; i < files; ++i) {
        const std::uint64_t at = in.position().value;
        auto file = read_file_sums(in);
        if (!in.ok() || (!all.empty() && file.first <= all.rbegin()->first)) {
            return bad(Errc::corrupt, "checksums of a file", at);
        }
        all.emplace_hint(all.end(), std::move(file));
    }
    if (in.left() != 0) {
        return bad(Errc::corrupt, "bytes behind the last file's checksums", in.position().value);
    }
    return all;
}

}  // namespace

std::uint32_t FileSums::crc32c() const {
    const CrcJoiner whole(CrcKind::crc32c, kChunkBytes);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        const std::uint64_t bytes = std::min<std::uint64_t>(size - i * kChunkBytes, kChunkBytes);
        sum = bytes == kChunkBytes ? whole.join(sum, chunks[i]) : crc_join(CrcKind::crc32c, sum, chunks[i], bytes);
    }
    return sum;
}

void FileSummer::add(Bytes bytes) {
    while (!bytes.empty()) {
        const auto in_chunk = static_cast<std::size_t>(sums_.size % kChunkBytes);
        if (in_chunk == 0) {
            sums_.chunks.push_back(0);
        }
        const Bytes taken = bytes.first(std::min(bytes.size(), kChunkBytes - in_chunk));
        sums_.chunks.back() = crc32c(taken, sums_.chunks.back());
        sums_.size += taken.size();
        bytes = bytes.subspan(taken.size());
    }
}

Result<FileSums> sum_file(const io::ReadAt& file) {
    constexpr std::size_t kPieceBytes = 16 * kChunkBytes;
    ByteBuffer piece;
    piece.resize(kPieceBytes);
    FileSummer summer;
    for (;;) {
        const auto got = file.read_at(summer.sums().size, {piece.data(), kPieceBytes});
        if (!got) {
            return got.error();
        }
        summer.add(piece.bytes().first(*got));
        if (*got < kPieceBytes) {
            return summer.sums();
        }
    }
}

ByteBuffer write_checksums(const Checksums& checksums) {
    ByteBuffer out;
    wire::Writer write(out);
    write.bytes(as_bytes(kMagic));
    write.u32(kVersion);
    write.u32(static_cast<std::uint32_t>(kChunkBytes));
    write.u32(checked_cast<std::uint32_t>(checksums.size()));
    for (const auto& [name, sums] : checksums) {
        write.i16(static_cast<std::int16_t>(checked_cast<std::uint16_t>(name.size())));
        write.bytes(as_bytes(name));
        write.i64(static_cast<std::int64_t>(sums.size));
        for (const std::uint32_t chunk : sums.chunks) {
            write.u32(chunk);
        }
    }
    write.u32(crc32c(out.bytes()));
    return out;
}

Result<Checksums> parse_checksums(Bytes content, const std::string& name) {
    auto parsed = parse(content);
    if (!parsed) {
        return parsed.error().in_file(name);
    }
    return parsed;
}

}  // namespace kseg::index
