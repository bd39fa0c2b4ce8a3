// SPDX-License-Identifier: Apache-2.0
#include "archive/chunk_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/crc.hpp"

namespace kseg::archive {

ChunkCache::Chunk ChunkCache::get(std::size_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = by_number_.find(number);
    if (found == by_number_.end()) {
        return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->chunk;
}

bool ChunkCache::has(std::size_t number) const {
    const std::lock_guard lock(mutex_);
    return by_number_.find(number) != by_number_.end();
}

void ChunkCache::put(std::size_t number, Chunk chunk) {
    const std::lock_guard lock(mutex_);
    if (by_number_.find(number) != by_number_.end()) {
        return;  // another thread was faster
    }
    bytes_ += chunk->size();
    entries_.push_front({number, std::move(chunk)});
    by_number_.emplace(number, entries_.begin());
    while (bytes_ > limit_bytes_ && entries_.size() > 1) {
        bytes_ -= entries_.back().chunk->size();
        by_number_.erase(entries_.back().number);
        entries_.pop_back();
    }
}

ChunkStore::ChunkStore(std::shared_ptr<const io::ReadAt> file, codec::ChunkCodec codec, std::vector<ChunkRow> chunks,
                       std::size_t cache_bytes, std::size_t request_bytes)
    : file_(std::move(file)),
      codec_(codec),
      chunks_(std::move(chunks)),
      stream_bytes_(chunks_.empty() ? 0 : chunks_.back().position + chunks_.back().size),
      request_bytes_(request_bytes),
      cache_(cache_bytes) {}

Result<void> ChunkStore::fetch(std::span<const ChunkRow> run, ByteBuffer& into) const {
    const std::uint64_t offset = run.front().offset;
    into.resize(static_cast<std::size_t>(run.back().offset + run.back().compressed - offset));
    const auto got = file_->read_at(offset, {into.data(), into.size()});
    if (!got) {
        return got.error();
    }
    if (*got != into.size()) {
        return Error{.code = Errc::truncated, .what = "the archive has become shorter", .at = offset + *got};
    }
    return {};
}

Result<void> ChunkStore::unpack(const ChunkRow& chunk, Bytes compressed, std::span<std::byte> into) const {
    if (const auto done = codec::decompress_chunk(codec_, compressed, into); !done) {
        Error error = done.error();
        error.at = chunk.offset;
        return error;
    }
    if (const std::uint32_t made = crc32c(into); made != chunk.crc32c) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("chunk crc; expected 0x{:08x}, got 0x{:08x}", chunk.crc32c, made),
                     .at = chunk.offset};
    }
    return {};
}

/// The chunks from `first` on that end `end` needs and that are to be fetched by one read: at least the first.
std::span<const ChunkRow> ChunkStore::missing_run(std::size_t first, std::uint64_t end) const {
    std::size_t last = first;
    std::uint64_t bytes = chunks_[first].compressed;
    while (last + 1 < chunks_.size() && chunks_[last + 1].position < end &&
           bytes + chunks_[last + 1].compressed <= request_bytes_ && !cache_.has(last + 1)) {
        ++last;
        bytes += chunks_[last].compressed;
    }
    return std::span(chunks_).subspan(first, last - first + 1);
}

/// Fetches a run of chunks and copies what `into` wants of them, from `position` on, which lies in the first.
Result<void> ChunkStore::read_run(std::span<const ChunkRow> run, std::uint64_t position, std::span<std::byte> into) const {
    ByteBuffer compressed;
    if (const auto done = fetch(run, compressed); !done) {
        return done.error();
    }
    for (const ChunkRow& chunk : run) {
        const Bytes in =
            compressed.bytes().subspan(static_cast<std::size_t>(chunk.offset - run.front().offset), chunk.compressed);
        const auto skip = static_cast<std::size_t>(position - chunk.position);
        const std::size_t part = std::min(into.size(), chunk.size - skip);
        if (part == chunk.size) {
            // A whole chunk goes where it is wanted, past the cache: a long read does not empty it.
            if (const auto done = unpack(chunk, in, into.first(part)); !done) {
                return done.error();
            }
        } else {
            const auto whole = std::make_shared<ByteBuffer>();
            whole->resize(chunk.size);
            if (const auto done = unpack(chunk, in, {whole->data(), whole->size()}); !done) {
                return done.error();
            }
            std::copy_n(whole->data() + skip, part, into.data());
            cache_.put(static_cast<std::size_t>(&chunk - chunks_.data()), whole);
        }
        position += part;
        into = into.subspan(part);
    }
    return {};
}

Result<std::size_t> ChunkStore::read_at(std::uint64_t position, std::span<std::byte> into) const {
    if (position >= stream_bytes_) {
        return std::size_t{0};
    }
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), stream_bytes_ - position)));
    const std::uint64_t end = position + into.size();
    const auto behind = std::upper_bound(chunks_.begin(), chunks_.end(), position,
                                         [](std::uint64_t at, const ChunkRow& chunk) { return at < chunk.position; });
    auto number = static_cast<std::size_t>(behind - chunks_.begin()) - 1;
    while (position < end) {
        if (const auto chunk = cache_.get(number)) {
            const auto skip = static_cast<std::size_t>(position - chunks_[number].position);
            const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(end - position, chunk->size() - skip));
            std::copy_n(chunk->data() + skip, part, into.data() + (into.size() - (end - position)));
            position += part;
            ++number;
            continue;
        }
        const auto run = missing_run(number, end);
        const std::uint64_t run_end = std::min(end, run.back().position + run.back().size);
        const auto at = static_cast<std::size_t>(into.size() - (end - position));
        if (const auto done = read_run(run, position, into.subspan(at, static_cast<std::size_t>(run_end - position)));
            !done) {
            return done.error();
        }
        position = run_end;
        number += run.size();
    }
    return into.size();
}

}  // namespace kseg::archive
