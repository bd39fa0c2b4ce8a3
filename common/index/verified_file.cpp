// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/crc.hpp"
#include "index/checksums.hpp"

namespace kseg::index {

Result<std::unique_ptr<VerifiedFile>> VerifiedFile::open(std::unique_ptr<io::ReadAt> file, FileSums sums, std::string name,
                                                         std::size_t cached_chunks) {
    const auto size = file->size();
    if (!size) {
        return size.error().in_file(name);
    }
    if (*size != sums.size) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("file size; expected {}, got {}", sums.size, *size),
                     .file = std::move(name),
                     .at = std::min(*size, sums.size)};
    }
    assert(sums.chunks.size() == (sums.size + kChunkBytes - 1) / kChunkBytes);
    return std::unique_ptr<VerifiedFile>(
        new VerifiedFile(std::move(file), std::move(sums), std::move(name), std::max<std::size_t>(cached_chunks, 1)));
}

std::size_t VerifiedFile::chunk_size(std::uint64_t chunk) const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(sums_.size - chunk * kChunkBytes, kChunkBytes));
}

Result<void> VerifiedFile::read_chunks(std::uint64_t first, std::span<std::byte> into) const {
    const std::uint64_t at = first * kChunkBytes;
    const auto got = file_->read_at(at, into);
    if (!got) {
        return got.error().in_file(name_);
    }
    if (*got != into.size()) {
        return Error{.code = Errc::corrupt, .what = "the file has become shorter", .file = name_, .at = at + *got};
    }
    for (std::size_t begin = 0; begin < into.size(); begin += kChunkBytes) {
        const std::uint64_t chunk = first + begin / kChunkBytes;
        const std::uint32_t expected = sums_.chunks[static_cast<std::size_t>(chunk)];
        const std::uint32_t computed = crc32c(Bytes(into).subspan(begin, std::min(into.size() - begin, kChunkBytes)));
        if (computed != expected) {
            return Error{.code = Errc::corrupt,
                         .what = fmt::format("chunk crc; expected 0x{:08x}, got 0x{:08x}", expected, computed),
                         .file = name_,
                         .at = at + begin};
        }
    }
    return {};
}

Result<Bytes> VerifiedFile::cached_chunk(std::uint64_t chunk) const {
    Slot& slot = slots_[static_cast<std::size_t>(chunk % slots_.size())];
    if (slot.chunk != chunk) {
        slot.chunk = kNoChunk;
        slot.bytes.resize(chunk_size(chunk));
        if (const auto read = read_chunks(chunk, {slot.bytes.data(), slot.bytes.size()}); !read) {
            return read.error();
        }
        slot.chunk = chunk;
    }
    return slot.bytes.bytes();
}

Result<std::size_t> VerifiedFile::read_at(std::uint64_t offset, std::span<std::byte> into) const {
    if (offset >= sums_.size) {
        return std::size_t{0};
    }
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), sums_.size - offset)));
    const std::lock_guard lock(mutex_);
    std::size_t done = 0;
    while (done < into.size()) {
        const std::uint64_t at = offset + done;
        const std::uint64_t chunk = at / kChunkBytes;
        const std::size_t left = into.size() - done;
        if (at % kChunkBytes == 0 && left >= kChunkBytes) {
            // Whole chunks are verified where they are wanted: a large read goes past the cache.
            const std::size_t size = left / kChunkBytes * kChunkBytes;
            if (const auto read = read_chunks(chunk, into.subspan(done, size)); !read) {
                return read.error();
            }
            done += size;
            continue;
        }
        const auto bytes = cached_chunk(chunk);
        if (!bytes) {
            return bytes.error();
        }
        const Bytes part = bytes->subspan(static_cast<std::size_t>(at % kChunkBytes));
        const std::size_t size = std::min(part.size(), left);
        std::memcpy(into.data() + done, part.data(), size);
        done += size;
    }
    return done;
}

}  // namespace kseg::index
