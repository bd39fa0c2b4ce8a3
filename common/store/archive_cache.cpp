// SPDX-License-Identifier: Apache-2.0
#include "store/archive_cache.hpp"

#include <algorithm>

#include "index/manifest.hpp"
#include "store/archive_manifest.hpp"

namespace kseg::store {
namespace {

// Blocks of the batch table, which the pieces of logs go past.
constexpr std::size_t kTableCacheBytes = std::size_t{256} << 10;

/// Reads a range of a log that is within it.
Result<std::shared_ptr<ByteBuffer>> read_range(const io::ReadAt& log, std::uint64_t at, std::size_t size) {
    auto bytes = std::make_shared<ByteBuffer>();
    bytes->resize(size);
    const auto got = log.read_at(at, {bytes->data(), bytes->size()});
    if (!got) {
        return got.error();
    }
    if (*got != size) {
        return Error{.code = Errc::truncated, .what = "the log is shorter than its archive says", .at = at + *got};
    }
    return bytes;
}

}  // namespace

Result<std::shared_ptr<OpenedArchive>> OpenedArchive::open(objects::ObjectStore& store, const ArchiveName& name,
                                                           std::uint64_t number) {
    const std::string object = to_string(name);
    auto file = store.open_listed({.name = object, .size = name.size});
    if (!file) {
        return file.error();
    }
    auto archive = archive::Archive::open(*std::move(file), store.describe(object), {.cache_bytes = kTableCacheBytes});
    if (!archive) {
        return archive.error();
    }
    const std::shared_ptr<OpenedArchive> opened(  // NOLINT(*-owning-memory): private
        new OpenedArchive(*std::move(archive), number, name.base_offset));
    auto log = opened->archive_.open_member(opened->side_member(".log"));
    if (!log) {
        return log.error();
    }
    opened->log_ = *std::move(log);
    const auto size = opened->log_->size();
    if (!size) {
        return size.error();
    }
    opened->log_size_ = *size;
    return opened;
}

std::string OpenedArchive::side_member(std::string_view extension) const {
    return segment_member(base_offset_, extension);
}

Result<const index::BatchTable*> OpenedArchive::table() {
    {
        const std::lock_guard lock(mutex_);
        if (table_) {
            return &*table_;
        }
    }
    const std::string name(index::kBatchTableFile);
    auto file = archive_.open_member(name);
    if (!file) {
        return file.error();
    }
    auto table = index::BatchTable::open(*std::move(file), archive_.name() + "/" + name);
    if (!table) {
        return table.error();
    }
    const std::lock_guard lock(mutex_);
    if (!table_) {  // else another thread was faster, and somebody reads that one
        table_.emplace(*std::move(table));
    }
    return &*table_;
}

Result<std::shared_ptr<OpenedArchive>> ArchiveCache::open(objects::ObjectStore& store, const ArchiveName& name) {
    const std::string object = to_string(name);
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = by_object_.find(object); found != by_object_.end()) {
            open_.splice(open_.begin(), open_, found->second);
            return found->second->archive;
        }
        number = ++last_number_;
    }
    auto opened = OpenedArchive::open(store, name, number);
    if (!opened) {
        return opened.error();
    }
    std::list<Open> closed;  // goes when the lock is gone
    const std::lock_guard lock(mutex_);
    if (const auto found = by_object_.find(object); found != by_object_.end()) {
        return found->second->archive;  // another thread was faster
    }
    open_.push_front({.object = object, .archive = *opened});
    by_object_.emplace(object, open_.begin());
    while (open_.size() > std::max<std::size_t>(limits_.archives, 1)) {
        by_object_.erase(open_.back().object);
        closed.splice(closed.end(), open_, std::prev(open_.end()));
    }
    return opened;
}

ArchiveCache::Piece ArchiveCache::find(const Key& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
        return nullptr;
    }
    kept_.splice(kept_.begin(), kept_, found->second);
    return found->second->piece;
}

void ArchiveCache::keep(const Key& key, const Piece& piece) {
    if (by_key_.contains(key)) {
        return;
    }
    kept_.push_front({.key = key, .piece = piece});
    by_key_.emplace(key, kept_.begin());
    kept_bytes_ += piece->size();
    while (kept_bytes_ > limits_.bytes && kept_.size() > 1) {
        kept_bytes_ -= kept_.back().piece->size();
        by_key_.erase(kept_.back().key);
        kept_.pop_back();
    }
}

bool ArchiveCache::has(const OpenedArchive& archive, std::size_t piece) const {
    const std::lock_guard lock(mutex_);
    const Key key(archive.number(), piece);
    return by_key_.contains(key) || loading_.contains(key);
}

std::size_t ArchiveCache::kept_bytes() const {
    const std::lock_guard lock(mutex_);
    return kept_bytes_;
}

/// Reads pieces that follow one another, up to the first that cannot be had.
void ArchiveCache::load(OpenedArchive& archive, std::size_t first, std::span<Piece> into, std::optional<Error>& error) {
    const std::uint64_t begin = std::uint64_t{first} * kPieceBytes;
    const std::uint64_t end = std::min<std::uint64_t>(begin + into.size() * kPieceBytes, archive.log_size());
    const auto size_of = [&](std::size_t i) {
        const std::uint64_t at = begin + i * kPieceBytes;
        return static_cast<std::size_t>(std::min<std::uint64_t>(end - at, kPieceBytes));
    };
    if (into.size() > 1) {
        if (const auto all = read_range(archive.log(), begin, static_cast<std::size_t>(end - begin))) {
            for (std::size_t i = 0; i < into.size(); ++i) {
                into[i] = std::make_shared<const ByteBuffer>((*all)->bytes().subspan(i * kPieceBytes, size_of(i)));
            }
            return;
        }
        // One by one, for those before what is damaged.
    }
    for (std::size_t i = 0; i < into.size(); ++i) {
        auto piece = read_range(archive.log(), begin + i * kPieceBytes, size_of(i));
        if (!piece) {
            error = piece.error().in_file(archive.archive().name());
            return;
        }
        into[i] = *std::move(piece);
    }
}

ArchiveCache::Pieces ArchiveCache::pieces(OpenedArchive& archive, std::size_t first, std::size_t end) {
    Pieces result;
    result.pieces.resize(end - first);
    std::size_t at = first;
    std::unique_lock lock(mutex_);
    while (at < end) {
        const Key key(archive.number(), at);
        if (Piece piece = find(key)) {
            result.pieces[at++ - first] = std::move(piece);
            continue;
        }
        if (loading_.contains(key)) {
            loaded_.wait(lock);
            continue;
        }
        std::size_t behind = at;
        while (behind < end && !by_key_.contains({archive.number(), behind}) &&
               !loading_.contains({archive.number(), behind})) {
            loading_.emplace(archive.number(), behind++);
        }
        lock.unlock();
        const auto run = std::span(result.pieces).subspan(at - first, behind - at);
        load(archive, at, run, result.error);
        lock.lock();
        for (std::size_t i = 0; i < run.size(); ++i) {
            loading_.erase({archive.number(), at + i});
            if (run[i] != nullptr) {
                keep({archive.number(), at + i}, run[i]);
            }
        }
        loaded_.notify_all();
        if (result.error) {
            const auto missing = std::ranges::find(result.pieces, nullptr);
            result.pieces.erase(missing, result.pieces.end());
            return result;
        }
        at = behind;
    }
    return result;
}

Result<void> ArchiveCache::read(OpenedArchive& archive, std::uint64_t position, std::uint64_t size, ByteBuffer& into) {
    if (position > archive.log_size() || size > archive.log_size() - position) {
        return Error{.code = Errc::corrupt, .what = "behind the log's end", .file = archive.log_name(), .at = position};
    }
    if (size == 0) {
        return {};
    }
    const auto first = static_cast<std::size_t>(position / kPieceBytes);
    const Pieces got = pieces(archive, first, static_cast<std::size_t>((position + size - 1) / kPieceBytes) + 1);
    into.reserve_more(static_cast<std::size_t>(size));
    auto skip = static_cast<std::size_t>(position % kPieceBytes);
    for (const Piece& piece : got.pieces) {
        const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(piece->size() - skip, size));
        into.append(piece->bytes().subspan(skip, part));
        size -= part;
        skip = 0;
    }
    return got.error ? Result<void>(*got.error) : Result<void>();
}

}  // namespace kseg::store
